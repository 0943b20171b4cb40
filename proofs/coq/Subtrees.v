(** A tree in parts, which can be checked one by one and at the same time. *)
From Coq Require Import Reals List Arith Floats.
From Certify Require Import Language Intervals Arithmetic Bounds Bisection Tree.
Import ListNotations.

(** The boxes at the leaves of the [plan], a tree in preorder as in [Bisection.v] of which every byte
    from 64 on is a leaf; and the bytes that are left. *)
Fixpoint parts (depth : nat) (b : list interval) (plan : list nat)
  : option (list (list interval) * list nat) :=
  match depth, plan with
  | S k, c :: rest =>
    if Nat.ltb c 64 then
      match halves c b with
      | Some (l, h) =>
        match parts k l rest with
        | Some (lower, rest') =>
          match parts k h rest' with
          | Some (upper, rest'') => Some (lower ++ upper, rest'')
          | None => None
          end
        | None => None
        end
      | None => None
      end
    else Some ([b], rest)
  | _, _ => None
  end.

Lemma parts_ok depth : forall b plan boxes rest, parts depth b plan = Some (boxes, rest) ->
  forall v, Forall2 contains b v -> exists part, In part boxes /\ Forall2 contains part v.
Proof.
  induction depth; intros b [|c plan] boxes rest H v V; try discriminate; simpl in H.
  destruct (Nat.ltb c 64).
  - destruct (halves c b) as [[l h]|] eqn:E; [|discriminate].
    destruct (parts depth l plan) as [[lower rest']|] eqn:L; [|discriminate].
    destruct (parts depth h rest') as [[upper rest'']|] eqn:U; [|discriminate].
    inversion H; subst; clear H.
    destruct (halves_ok _ _ _ _ _ E V) as [K|K];
      [destruct (IHdepth _ _ _ _ L _ K) as [part [I P]]|destruct (IHdepth _ _ _ _ U _ K) as [part [I P]]];
      exists part; (split; [apply in_or_app; auto|exact P]).
  - inversion H; subst. exists b. simpl. auto.
Qed.

Definition divided (w : prepared) (t : task) (plan : list nat) : option (list (list interval)) :=
  match parts (depth t) (root w) plan with Some (boxes, []) => Some boxes | _ => None end.

(** What the program does: it prepares the task, divides the box and lets each part be proved by a tree
    of its own, in any order. *)
Theorem divided_ok o t w plan boxes : prepare o t = Some w -> divided w t plan = Some boxes ->
  (forall b, In b boxes -> exists bytes, grown w t b bytes = true) -> holds o.
Proof.
  unfold divided. intros E D G.
  destruct (parts (depth t) (root w) plan) as [[found [|]]|] eqn:P; try discriminate.
  inversion D; subst; clear D.
  apply (covered_ok o t w E). intros v V.
  destruct (parts_ok _ _ _ _ _ P v V) as [b [I C]]. destruct (G b I) as [bytes Q]. eauto.
Qed.
