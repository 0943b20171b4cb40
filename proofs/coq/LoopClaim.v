(** What a claim of T-STAB-D says of its trajectories: the conclusion of [StableLoop.v].

    Plant and Lyapunov function are [next] and [value] of [Claims.v], with every parameter and
    disturbance that is [allowed] there; states are close if all of their components are.  In words:
    [proofs/theory/T-STAB-D.md]. *)
From Coq Require Import Reals QArith Qreals List.
From Certify Require Import Language Compact Theorems Claims.
Import ListNotations.
Local Open Scope R_scope.

Section Statement.
Variable c : claim.
Notation B := (bounds c).
Notation V := (value c).
Notation L := (Q2R (level c)).
Notation D := (Q2R (decay c)).
Notation set := (in_set B V L).
Notation trajectory := (trajectory variation (allowed c) (next c)).

Record stable_claim : Prop := StableClaim
  { (* from every state of the set there is a next one, whatever the parameters and disturbances *)
    goes_on : forall x w, set x -> allowed c w -> exists y, next c x w = Some y /\ set y;
    (* 1: trajectories from the set stay in it *)
    stays_inside : forall x w, trajectory x w -> set (x O) -> forall k, set (x k);
    (* 2: V falls at the stated rate, strictly off the equilibrium *)
    value_falls : forall x w, trajectory x w -> set (x O) -> forall k, exists v u,
      V (x k) = Some v /\ V (x (S k)) = Some u /\ u <= (1 - D) * v /\
      (x k <> equilibrium c -> u < (1 - D) * v);
    value_geometric : forall x w, trajectory x w -> set (x O) -> forall v0, V (x O) = Some v0 ->
      forall k, exists v, V (x k) = Some v /\ v <= (1 - D) ^ k * v0;
    (* 3: the states converge to the equilibrium *)
    attracted : forall x w, trajectory x w -> set (x O) ->
      forall eps, 0 < eps -> exists n, forall k, (n <= k)%nat -> close eps (equilibrium c) (x k);
    (* 4: which is stable, and has a neighbourhood in the set *)
    is_stable : forall eps, 0 < eps -> exists d, 0 < d /\ forall x w, trajectory x w ->
      close d (equilibrium c) (x O) -> set (x O) /\ forall k, close eps (equilibrium c) (x k) }.
End Statement.
