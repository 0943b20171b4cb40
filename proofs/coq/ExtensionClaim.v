(** What a claim of T-EXT-D says: of the core what T-STAB-D says, and of the kept cells of a paving that
    trajectories from them are in the core after a number of steps.

    Plant and Lyapunov function are those of the core.  In words: [proofs/theory/T-EXT-D.md]. *)
From Coq Require Import Reals QArith Qreals List.
From Certify Require Import Language Compact Theorems Claims LoopClaim.
Import ListNotations.
Local Open Scope R_scope.

(** A box cut into cells, some of which are kept: with a time, a number of steps. *)
Inductive paving :=
| Kept (time : nat) | Dropped
| Cut (axis : nat) (middle : Q) (lower upper : paving).

Fixpoint with_side (i : nat) (side : Q * Q) (b : list (Q * Q)) : list (Q * Q) :=
  match b, i with
  | [], _ => []
  | _ :: b', O => side :: b'
  | s :: b', S i' => s :: with_side i' side b'
  end.
(** The kept cells of a paving of the box [b], with their times. *)
Fixpoint kept (p : paving) (b : list (Q * Q)) : list (list (Q * Q) * nat) :=
  match p with
  | Kept time => [(b, time)]
  | Dropped => []
  | Cut i m lower upper =>
    let side := nth i b (0, 0)%Q in
    kept lower (with_side i (fst side, m) b) ++ kept upper (with_side i (m, snd side) b)
  end.

Record extension_claim := ExtensionClaim
  { core : claim;                              (* of T-STAB-D *)
    most_steps : nat;
    covered : Q;                               (* the volume of all cells, at least *)
    cells_of : paving }.

Definition part_of (side whole : Q * Q) : Prop :=
  Q2R (fst whole) <= Q2R (fst side) <= Q2R (snd side) /\ Q2R (snd side) <= Q2R (snd whole).
Definition inner (b : list (Q * Q)) (x : list R) : Prop :=
  Forall2 (fun side y => Q2R (fst side) < y < Q2R (snd side)) b x.
Definition volume (b : list (Q * Q)) : R :=
  fold_right (fun side v => (Q2R (snd side) - Q2R (fst side)) * v) 1 b.

(** The kept cells are parts of the box, with times of at most [most], no two have a point inside in
    common, and they are as large as [covered] says. *)
Record paved (b : list (Q * Q)) (p : paving) (most : nat) (covered : Q) : Prop := Paved
  { cells_inside : forall c t, In (c, t) (kept p b) -> Forall2 part_of c b /\ (t <= most)%nat;
    cells_apart : ForallOrdPairs (fun a d => forall x, ~ (inner (fst a) x /\ inner (fst d) x)) (kept p b);
    cells_cover : Q2R covered <= fold_right (fun cell v => volume (fst cell) + v) 0 (kept p b) }.

Section Statement.
Variable e : extension_claim.
Notation c := (core e).
Notation B := (bounds c).
Notation set := (in_set B (value c) (Q2R (level c))).
Notation trajectory := (trajectory variation (allowed c) (next c)).
Notation cells := (kept (cells_of e) B).

Record extended_claim : Prop := ExtendedClaim
  { core_holds : stable_claim c;
    cells_paved : paved B (cells_of e) (most_steps e) (covered e);
    (* from every state of a cell there is a trajectory, whatever the parameters and disturbances *)
    cell_goes_on : forall b t x0 w, In (b, t) cells -> in_box b x0 -> (forall k, allowed c (w k)) ->
      exists x, x O = x0 /\ trajectory x w;
    (* and trajectories stay in the domain, are in the core in time and for good, and converge *)
    cell_reaches : forall b t x w, In (b, t) cells -> in_box b (x O) -> trajectory x w ->
      (forall k, in_box B (x k)) /\ (forall k, (t <= k)%nat -> set (x k)) /\
      forall eps, 0 < eps -> exists n, forall k, (n <= k)%nat -> close eps (equilibrium c) (x k) }.
End Statement.
