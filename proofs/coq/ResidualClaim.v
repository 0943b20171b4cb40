(** What a claim of T-RES says: trajectories, or solutions, from the set enter a smaller one and remain there.

    Plant and Lyapunov function are [next] and [value] of [Claims.v]; the cube is that of the stated bounds
    of the residual set.  In words: [proofs/theory/T-RES-D.md] and [T-RES-C.md]. *)
From Coq Require Import Reals QArith Qreals List.
From Certify Require Import Language Theorems Invariance Claims.
Import ListNotations.
Local Open Scope R_scope.

Record residual_claim := ResidualClaim
  { around : claim;
    residual : Q }.                            (* its level *)

Section Statement.
Variable r : residual_claim.
Notation c := (around r).
Notation set := (in_set (bounds c) (value c) (Q2R (level c))).
Notation core := (in_set (bounds c) (value c) (Q2R (residual r))).
Notation trajectory := (trajectory variation (allowed c) (next c)).
Notation solution := (solution variation (allowed c) (next c)).

(** T-RES-D *)
Record settling_steps : Prop := SettlingSteps
  { (* from every state of the set there is a next one, whatever the parameters and disturbances *)
    steps_go_on : forall x w, set x -> allowed c w -> exists y, next c x w = Some y /\ set y;
    (* 1: trajectories from the set stay in it, *)
    steps_stay : forall x w, trajectory x w -> set (x O) -> forall k, set (x k);
    (* 2: enter the residual set and never leave it, *)
    steps_settle : forall x w, trajectory x w -> set (x O) -> exists n, forall k, (n <= k)%nat -> core (x k);
    steps_remain : forall x w j k, trajectory x w -> core (x j) -> (j <= k)%nat -> core (x k);
    (* which is as small as stated, and not empty *)
    steps_small : forall x w, allowed c w -> core x -> in_cube c x;
    steps_centre : core (equilibrium c) }.

(** T-RES-C; that a solution exists for all times is not claimed. *)
Record settling_flow : Prop := SettlingFlow
  { flow_stays_in : forall T x w, solution T x w -> set (x 0) -> forall t, 0 <= t < T -> set (x t);
    flow_settles : forall x w, (forall T, solution T x w) -> set (x 0) ->
      exists t0, 0 <= t0 /\ forall t, t0 <= t -> core (x t);
    flow_remains : forall T x w s, solution T x w -> 0 <= s -> core (x s) -> forall t, s <= t < T -> core (x t);
    flow_small : forall x w, allowed c w -> core x -> in_cube c x;
    flow_centre : core (equilibrium c) }.
End Statement.
