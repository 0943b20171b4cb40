(** What a claim of T-OUT says: an expression is within its bounds on a box.  In words:
    [proofs/theory/T-OUT.md]. *)
From Coq Require Import Reals QArith Qreals List.
From Certify Require Import Language.
Import ListNotations.
Local Open Scope R_scope.

Record output_claim := OutputClaim
  { inputs : list (Q * Q);                     (* states, parameters and disturbances *)
    measured : list (node Q);                    (* its last vector is the value *)
    low_bound : option Q; high_bound : option Q }.

Definition above (v : R) (bound : option Q) : Prop := match bound with Some q => Q2R q <= v | None => True end.
Definition under (v : R) (bound : option Q) : Prop := match bound with Some q => v <= Q2R q | None => True end.
(** For every value, where steps have many. *)
Definition bounded (c : output_claim) : Prop := forall x, in_box (inputs c) x -> forall t, proper t ->
  exists v, hd [] (run x t (measured c) []) = [Some v] /\ above v (low_bound c) /\ under v (high_bound c).
