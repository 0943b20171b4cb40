(** What a claim of T-REACH-D says: from the kept cells of a paving the target is reached in time, and
    kept or returned to, whatever happens.

    In words: [proofs/theory/T-REACH-D.md]. *)
From Coq Require Import Reals QArith Qreals List.
From Certify Require Import Language Claims SafetyClaim ExtensionClaim.
Import ListNotations.
Local Open Scope R_scope.

(** Sets are given by functions of the state, as in [SafetyClaim.zone]. *)
Record recovery_claim := RecoveryClaim
  { steered : system;
    target : list (list (node Q));
    starting : list (list (node Q));           (* the initial set; none if it is not stated *)
    away : option nat;                         (* the most steps out of the target in a row, later on *)
    deadline : nat;                            (* the most steps until it is reached *)
    room_size : Q;                             (* the volume of all cells, at least *)
    room_of : paving }.

(** The state after [k] steps, if it exists. *)
Fixpoint state (s : system) (w : nat -> variation) (x0 : list R) (k : nat) : option (list R) :=
  match k with
  | O => Some x0
  | S k' => match state s w x0 k' with Some x => next s x (w k') | None => None end
  end.

Section Statement.
Variable c : recovery_claim.
Notation B := (bounds (steered c)).
Notation cells := (kept (room_of c) B).
Definition in_domain (w : nat -> variation) (x0 : list R) (k : nat) : Prop :=
  exists x, state (steered c) w x0 k = Some x /\ in_box B x.
Definition in_target (w : nat -> variation) (x0 : list R) (k : nat) : Prop :=
  exists x, state (steered c) w x0 k = Some x /\ zone (steered c) (target c) x.

Record recovered : Prop := Recovered
  { room_paved : paved B (room_of c) (deadline c) (room_size c);
    starts_kept : starting c <> [] -> forall x, zone (steered c) (starting c) x ->
      exists b t, In (b, t) cells /\ in_box b x;
    (* from every state of a cell, whatever the parameters and disturbances, the target is reached in
       the time of the cell, and the states until then exist and are in the domain *)
    arrives : forall b t x w, In (b, t) cells -> in_box b x -> (forall k, allowed (steered c) (w k)) ->
      exists k, (k <= t)%nat /\ in_target w x k /\ forall i, (i <= k)%nat -> in_domain w x i;
    (* and if it is stated, they do for ever, and of any [a + 1] states in a row from then on one is
       in the target *)
    returns : forall a, away c = Some a ->
      forall b t x w, In (b, t) cells -> in_box b x -> (forall k, allowed (steered c) (w k)) ->
      (forall i, in_domain w x i) /\ exists k, (k <= t)%nat /\ in_target w x k /\
      forall i, (k <= i)%nat -> exists j, (i <= j <= i + a)%nat /\ in_target w x j }.
End Statement.
