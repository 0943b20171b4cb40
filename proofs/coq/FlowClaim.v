(** What a claim of T-STAB-C says of solutions of its differential equation: the conclusion of
    [StableFlow.v].

    The right-hand side and the Lyapunov function are [next] and [value] of [Claims.v]; what a solution is,
    [Invariance.solution] says, and that one exists for all times is not claimed.  In words:
    [proofs/theory/T-STAB-C.md]. *)
From Coq Require Import Reals QArith Qreals List.
From Certify Require Import Language Compact Theorems Invariance Claims.
Import ListNotations.
Local Open Scope R_scope.

Section Statement.
Variable c : claim.
Notation B := (bounds c).
Notation V := (value c).
Notation L := (Q2R (level c)).
Notation D := (Q2R (decay c)).
Notation set := (in_set B V L).
Notation solution := (solution variation (allowed c) (next c)).

Record stable_flow : Prop := StableFlow
  { (* 1: solutions from the set stay in it *)
    flow_stays : forall T x w, solution T x w -> set (x 0) -> forall t, 0 <= t < T -> set (x t);
    (* 2: V falls at the stated rate, and strictly off the equilibrium *)
    flow_decays : forall T x w, solution T x w -> set (x 0) -> forall v0, V (x 0) = Some v0 ->
      forall t, 0 <= t < T -> exists v, V (x t) = Some v /\ 0 <= v <= exp (- (D * t)) * v0;
    flow_falls : forall T x w, solution T x w -> set (x 0) -> forall s t, 0 <= s < t -> t < T ->
      x s <> equilibrium c -> forall v u, V (x s) = Some v -> V (x t) = Some u -> u < v;
    (* 3: solutions for all times converge to the equilibrium *)
    flow_converges : forall x w, (forall T, solution T x w) -> set (x 0) ->
      forall eps, 0 < eps -> exists t0, forall t, t0 <= t -> close eps (equilibrium c) (x t);
    (* 4: it is stable, and the set contains a neighbourhood of it *)
    flow_stable : forall eps, 0 < eps -> exists d, 0 < d /\ forall T x w, solution T x w ->
      close d (equilibrium c) (x 0) -> 0 < T -> set (x 0) /\ forall t, 0 <= t < T -> close eps (equilibrium c) (x t);
    (* it is an equilibrium, whatever the parameters and disturbances *)
    flow_rests : forall w y, allowed c w -> next c (equilibrium c) w = Some y -> y = map (fun _ => 0) B }.
End Statement.
