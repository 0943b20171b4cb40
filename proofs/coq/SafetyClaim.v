(** What claims of T-SAFE-D and T-SAFE-C say: the conclusions of [SafeLoop.v].  In words:
    [proofs/theory/T-SAFE-D.md], [proofs/theory/T-SAFE-C.md]. *)
From Coq Require Import Reals QArith Qreals List.
From Certify Require Import Language Theorems Invariance Claims.
Import ListNotations.
Local Open Scope R_scope.

Record safety_claim := SafetyClaim
  { guarded :> system;
    barrier : list (node Q);                   (* over states, as the following *)
    starts_in : list (list (node Q));          (* the initial set: where all of them are at most 0 *)
    never_in : list (list (node Q)) }.         (* the unsafe set *)

(** Where all of the functions are defined and at most 0. *)
Definition zone (s : system) (l : list (list (node Q))) (x : list R) : Prop :=
  in_box (bounds s) x /\ forall p, In p l -> exists v, value_of_program p x = Some v /\ v <= 0.

Section Statement.
Variable c : safety_claim.
Definition guarded_set : list R -> Prop := in_set (bounds c) (value_of_program (barrier c)) 0.

(** Discrete time: trajectories from the initial set stay where the barrier is at most 0, go on, and are
    never unsafe. *)
Record safe_steps : Prop := SafeSteps
  { safe_path : forall x w, trajectory variation (allowed c) (next c) x w -> zone c (starts_in c) (x O) ->
      forall k, guarded_set (x k) /\ ~ zone c (never_in c) (x k);
    safe_goes_on : forall x w, guarded_set x -> allowed c w -> exists y, next c x w = Some y }.

(** Continuous time: the same of every solution; that there is one is not claimed. *)
Definition safe_flow : Prop :=
  forall T x w, solution variation (allowed c) (next c) T x w -> zone c (starts_in c) (x 0) ->
  forall t, 0 <= t < T -> guarded_set (x t) /\ ~ zone c (never_in c) (x t).
End Statement.
