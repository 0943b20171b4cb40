(** Programs written again, one operation after the other, with something known of each.

    Quotients along rays ([Along.v]), changes between two points ([Moves.v]) and slopes along curves
    ([Tangents.v]) are written so: [step] writes what belongs to one operation, from what is known of
    those before it. *)
From Coq Require Import Reals List Lia Arith.
From Certify Require Import Language Scalars.
Import ListNotations.

Section Walk.
Context {E : Type}.
Variable step : list E -> list operation -> operation -> option (list operation * E).

Fixpoint walk (p s : list operation) : option (list operation * list E) :=
  match p with
  | [] => Some (s, [])
  | o :: p' =>
    match walk p' s with
    | Some (s1, es) =>
      match step es s1 o with Some (s2, e) => Some (s2, e :: es) | None => None end
    | None => None
    end
  end.

(** [mean p j] is what the operation number [j] of [p] is in the eyes of [ok]; the context [k] may grow
    with what is written, as [reach] says. *)
Context {A K : Type}.
Variable d : E.
Variable mean : list operation -> nat -> A.
Variable reach : list operation -> K -> list operation -> K -> Prop.
Variable ok : list operation -> K -> A -> E -> Prop.
Hypothesis mean_old : forall o p j, j < length p -> mean (o :: p) j = mean p j.
Hypothesis reach_refl : forall s k, reach s k s k.
Hypothesis reach_trans : forall s k s1 k1 s2 k2, reach s k s1 k1 -> reach s1 k1 s2 k2 -> reach s k s2 k2.
Hypothesis grows : forall s k s' k' a e, reach s k s' k' -> ok s k a e -> ok s' k' a e.
Variables (s : list operation) (k : K).
Hypothesis one : forall p o es s1 k1 s2 e, reach s k s1 k1 -> length es = length p ->
  (forall j, j < length es -> ok s1 k1 (mean p j) (nth (length es - S j) es d)) ->
  step es s1 o = Some (s2, e) ->
  exists k2, reach s1 k1 s2 k2 /\ ok s2 k2 (mean (o :: p) (length p)) e.

Theorem walk_ok p : forall s' es, walk p s = Some (s', es) -> exists k', reach s k s' k' /\
  length es = length p /\ forall j, j < length es -> ok s' k' (mean p j) (nth (length es - S j) es d).
Proof.
  induction p as [|o p IH]; intros s' es H; simpl in H.
  - inversion H; subst. exists k. split; auto. split; auto. simpl. intros; lia.
  - destruct (walk p s) as [[s1 es1]|]; [|discriminate].
    destruct (step es1 s1 o) as [[s2 e]|] eqn:S1; [|discriminate]. inversion H; subst; clear H.
    destruct (IH s1 es1 eq_refl) as [k1 [R1 [L1 H1]]].
    destruct (one p o es1 s1 k1 s' e R1 L1 H1 S1) as [k2 [R2 H2]].
    exists k2. split; [eapply reach_trans; eauto|]. split; [simpl; lia|].
    intros j J. simpl length in *. destruct (Nat.eq_dec j (length p)) as [->|N].
    + replace (S (length es1) - S (length p)) with 0 by lia. exact H2.
    + rewrite mean_old by lia. replace (S (length es1) - S j) with (S (length es1 - S j)) by lia.
      simpl. eapply grows; [exact R2|]. apply H1. lia.
Qed.
End Walk.

(** Values of two programs at two points, or of one: what they are for longer programs. *)
Lemma values_old x c o p j : j < length p -> get (values x c (o :: p)) j = get (values x c p) j.
Proof. intros L. cbn [values]. apply get_old. now rewrite values_length. Qed.
Lemma values_new x c o p : get (values x c (o :: p)) (length p) = operate x (c (length p)) (values x c p) o.
Proof. cbn [values]. rewrite <- (values_length x c p) at 2. apply get_new. Qed.
