(** What claims are made of: a closed loop and functions of its state, as programs, and numbers.
    All of it has to be believed: it is what a claim's theorem speaks about. *)
From Coq Require Import Reals QArith Qreals List Bool Arith.
From Certify Require Import Language.
Import ListNotations.
Local Open Scope R_scope.

(** ** Closed loops *)

Record system := System
  { bounds : list (Q * Q);                     (* of the states *)
    others : list (Q * Q);                     (* of parameters and disturbances *)
    plant : list (node Q);                     (* over states and others, controller included *)
    outputs : list nat }.                      (* where its results are, counted back: one for each state *)

Fixpoint all_defined (v : vector) : option (list R) :=
  match v with
  | [] => Some []
  | a :: v' => match a, all_defined v' with Some x, Some l => Some (x :: l) | _, _ => None end
  end.

(** What may vary with time: the other variables, and the values of steps. *)
Definition variation : Type := list R * choice.
Definition allowed (s : system) (w : variation) : Prop := in_box (others s) (fst w) /\ proper (snd w).
(** The next state; in continuous time the velocity. *)
Definition next (s : system) (x : list R) (w : variation) : option (list R) :=
  let e := run (x ++ fst w) (snd w) (plant s) [] in
  all_defined (map (fun k => hd None (nth k e [])) (outputs s)).
(** A function of the state: the last vector of its program is the value. *)
Definition value_of_program (p : list (node Q)) (x : list R) : option R :=
  hd None (hd [] (run x (fun _ _ => 0) p [])).

(** ** Claims of stability *)

Record claim := Claim
  { loop :> system;
    lyapunov : list (node Q);                  (* over states *)
    level : Q; decay : Q;
    rest : list Q;                             (* the equilibrium *)
    cube : list Q }.                           (* half of the sides of the cube around it *)

Definition value (c : claim) : list R -> option R := value_of_program (lyapunov c).
Definition equilibrium (c : claim) : list R := map Q2R (rest c).
Definition in_cube (c : claim) (x : list R) : Prop :=
  Forall2 (fun rs y => Rabs (y - Q2R (fst rs)) <= Q2R (snd rs)) (combine (rest c) (cube c)) x.

(** Numbers for each state. *)
Definition well_formed (c : claim) : bool :=
  let n := length (bounds c) in
  Nat.eqb (length (outputs c)) n && Nat.eqb (length (rest c)) n && Nat.eqb (length (cube c)) n.

Lemma all_defined_some v l : all_defined v = Some l <-> v = map Some l.
Proof.
  revert l; induction v as [|a v IH]; intros l; simpl.
  - split; [intros H; inversion H; auto|]. destruct l; [auto|discriminate].
  - split.
    + destruct a as [x|]; [|discriminate]. destruct (all_defined v) as [l'|] eqn:E; [|discriminate].
      intros H; inversion H; subst. simpl. f_equal. now apply IH.
    + destruct l as [|x l]; [discriminate|]. simpl. intros H; inversion H; subst.
      now rewrite (proj2 (IH l) eq_refl).
Qed.
