(** T-EXT-D, from a claim to its trajectories: the core is what T-STAB-D says of it ([StableLoop.v]), and
    every cell is shown ([Crossings.v]).  In words: [proofs/theory/T-EXT-D.md]. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Bool Arith.
From Certify Require Import Language Tree Compact Theorems Stability DiscreteTime Claims LoopClaim StableLoop
  ExtensionClaim Pavings Crossings.
Import ListNotations.
Local Open Scope R_scope.

(** The states after 0, 1, 2, ... steps, where they exist. *)
Fixpoint states_from (c : claim) (x0 : list R) (w : nat -> variation) (k : nat) : list R :=
  match k with
  | O => x0
  | S k' => let x := states_from c x0 w k' in match next c x (w k') with Some y => y | None => [] end
  end.

Section Sound.
Variables (names : nat) (e : extension_claim).
Notation c := (core e).
Notation B := (bounds c).
Notation set := (in_set B (value c) (Q2R (level c))).
Notation cells := (kept (cells_of e) B).
Hypothesis S : stable_claim c.
Hypothesis is_ready : ready e = true.
Hypothesis shown : forall cell, In cell cells ->
  exists deeper hops degree, crosses (course_of names e) deeper hops degree cell = true.

Theorem extended_if_stable : extended_claim e.
Proof.
  destruct (laid_ok _ _ _ _ is_ready) as [Pv F].
  assert (Inside : forall b t, In (b, t) cells -> Forall2 part_of b B) by (intros b t I; now apply (cells_inside _ _ _ _ Pv b t)).
  assert (R : forall b t x, In (b, t) cells -> in_box b x -> reaches variation (allowed c) B (next c) set t x).
  { intros b t x I X. apply (cells_reach names e (goes_on c S) F shown t b x I X).
    apply (part_of_in b B x); auto. now apply (Inside b t). }
  assert (In_box : forall x, set x -> in_box B x) by (intros x X; apply X).
  constructor; auto.
  - intros b t x0 w I X A. exists (states_from c x0 w). split; auto.
    assert (K : forall k, reaches variation (allowed c) B (next c) set t (states_from c x0 w k)).
    { induction k as [|k IH]; [now apply (R b)|]. cbn [states_from].
      destruct (extension_is_invariant _ _ _ _ set (goes_on c S) In_box t _ (w k) IH (A k)) as [y [-> Y]]. exact Y. }
    intros k. split; auto. cbn [states_from].
    destruct (extension_is_invariant _ _ _ _ set (goes_on c S) In_box t _ (w k) (K k) (A k)) as [y [-> _]]. reflexivity.
  - intros b t x w I X Tr. specialize (R b t (x O) I X).
    destruct (extension_reaches _ _ _ _ set (goes_on c S) In_box t x w Tr R) as [K1 K2].
    split; [intros k; exact (reaches_inside variation (allowed c) B (next c) set In_box t (x k) (K1 k))|]. split; auto. intros eps P.
    destruct (attracted c S (fun k => x (t + k)%nat) (fun k => w (t + k)%nat) (later_trajectory _ _ _ x w t Tr)
      (K2 _ (Nat.le_add_r t 0)) eps P) as [n H].
    exists (t + n)%nat. intros k Lk. replace k with (t + (k - t))%nat by lia. apply H. lia.
Qed.
End Sound.
