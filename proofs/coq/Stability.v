(** T-STAB-D, 3 and 4: states converge to the equilibrium, and it is stable.

    [Theorems.conditions] says that V falls; here V is continuous besides, and the equilibrium is
    inside of the domain.  In words: [proofs/theory/T-STAB-D.md]. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Classical ZArith.
From Certify Require Import Language Compact Theorems.
Import ListNotations.
Local Open Scope R_scope.

Lemma large_natural x : exists n, x < INR n.
Proof.
  destruct (archimed x) as [A _]. exists (Z.to_nat (up x)). rewrite INR_IZR_INZ.
  destruct (Z_le_gt_dec 0 (up x)) as [P|P].
  - rewrite Z2Nat.id by auto. lra.
  - rewrite ZifyInst.of_nat_to_nat_eq. rewrite Z.max_l by lia. assert (IZR (up x) < 0) by (apply IZR_lt; lia). lra.
Qed.

(** Where [V] is defined in [domain] it is continuous. *)
Definition continuous_in (domain : list (Q * Q)) (V : list R -> option R) : Prop :=
  forall x v, in_box domain x -> V x = Some v -> forall eps, 0 < eps ->
  exists d, 0 < d /\ forall y u, in_box domain y -> close d x y -> V y = Some u -> Rabs (u - v) < eps.

(** The points around [rest] are in the domain. *)
Definition interior (domain : list (Q * Q)) (rest : list R) : Prop :=
  exists d, 0 < d /\ forall x, close d rest x -> in_box domain x.

(** A function that is positive on [V <= level] off one point is so uniformly, away from it. *)
Section Bound.
Variable domain : list (Q * Q).
Variable V : list R -> option R.
Variable level : R.
Variable rest : list R.
Hypothesis everywhere : forall x, in_box domain x -> exists v, V x = Some v.
Hypothesis continuous : continuous_in domain V.
Hypothesis positive : forall x v, in_set domain V level x -> x <> rest -> V x = Some v -> 0 < v.

Lemma positive_away eps : 0 < eps -> exists mu, 0 < mu /\
  forall x v, in_set domain V level x -> V x = Some v -> ~ close eps rest x -> mu <= v.
Proof.
  intros E. destruct (compact domain (fun d y => forall v, in_set domain V level y -> V y = Some v ->
    ~ close eps rest y -> d <= v)) as [mu [M H]].
  - intros d e x L P v X Hv N. specialize (P v X Hv N). lra.
  - intros x X. destruct (classic (close eps rest x)) as [C|C].
    + destruct (close_open _ _ _ C) as [d [D K]]. exists d. split; auto.
      intros y Y L v _ _ N. elim N. now apply K.
    + assert (N : x <> rest) by (intros ->; apply C; now apply close_refl).
      destruct (everywhere x X) as [v Hv]. destruct (Rlt_or_le level v) as [G|G].
      * destruct (continuous x v X Hv (v - level)) as [d [D K]]; [lra|].
        exists d. split; auto. intros y Y L u [_ [u' [Hu' Lu]]] Hu _.
        rewrite Hu in Hu'. inversion Hu'; subst u'.
        specialize (K y u Y L Hu). unfold Rabs in K; destruct Rcase_abs in K; lra.
      * assert (P : 0 < v) by (apply (positive x); auto; split; auto; eauto).
        destruct (continuous x v X Hv (v / 2)) as [d [D K]]; [lra|].
        exists (Rmin d (v / 2)). split; [apply Rmin_glb_lt; lra|]. intros y Y L u _ Hu _.
        pose proof (Rmin_r d (v / 2)). specialize (K y u Y (close_more _ _ _ _ (Rmin_l _ _) L) Hu).
        unfold Rabs in K; destruct Rcase_abs in K; lra.
  - exists mu. split; auto. intros x v X. apply H; auto. apply X.
Qed.

(** Around the point, where the value is 0, it is small. *)
Lemma small_near mu : interior domain rest -> V rest = Some 0 -> 0 < mu ->
  exists d, 0 < d /\ forall x, close d rest x -> in_box domain x /\ exists v, V x = Some v /\ v < mu.
Proof.
  intros [d1 [D1 In]] V0 M.
  assert (R0 : in_box domain rest) by (apply In; now apply close_refl).
  destruct (continuous rest 0 R0 V0 mu M) as [d2 [D2 K]].
  exists (Rmin d1 d2). split; [now apply Rmin_glb_lt|]. intros x C.
  assert (X : in_box domain x) by (apply In; eapply close_more; [apply Rmin_l|exact C]).
  split; auto. destruct (everywhere x X) as [v Hv]. exists v. split; auto.
  specialize (K x v X (close_more _ _ _ _ (Rmin_r _ _) C) Hv).
  unfold Rabs in K; destruct Rcase_abs in K; lra.
Qed.
End Bound.

Section Discrete.
Variable W : Type.
Variable allowed : W -> Prop.
Variable domain : list (Q * Q).
Variable f : list R -> W -> option (list R).
Variable V : list R -> option R.
Variables level decay : R.
Variable rest : list R.
Variable near : list R -> Prop.

(** What is needed besides: continuity of V; and without a decay rate that V falls around every point
    by a certain amount, as it does where [f] and [V] are continuous ([StableLoop.v]). *)
Record regular : Prop := Regular
  { level_positive : 0 < level;
    value_continuous : continuous_in domain V;
    rest_inside : interior domain rest;
    falls_around : decay = 0 -> forall x, in_set domain V level x -> x <> rest ->
      exists d, 0 < d /\ forall z w v y u, in_set domain V level z -> close d x z -> allowed w ->
        V z = Some v -> f z w = Some y -> V y = Some u -> d <= v - u }.

Hypothesis C : conditions W allowed domain f V level decay rest near.
Hypothesis S : regular.

Notation set := (in_set domain V level).

Section Trajectories.
Variable some_w : W.
Hypothesis some_allowed : allowed some_w.

Lemma value_everywhere x : in_box domain x -> exists v, V x = Some v.
Proof.
  intros X. destruct (descent _ _ _ _ _ _ _ _ _ C x some_w X some_allowed) as [v [Hv _]]. eauto.
Qed.
Lemma rest_in_box : in_box domain rest.
Proof. destruct (rest_inside S) as [d [D H]]. apply H. now apply close_refl. Qed.
Lemma value_rest : V rest = Some 0.
Proof.
  destruct (value_everywhere rest rest_in_box) as [v Hv].
  rewrite Hv. f_equal. now apply (value_at_rest _ _ _ _ _ _ _ _ _ C).
Qed.
Lemma value_positive x v : set x -> x <> rest -> V x = Some v -> 0 < v.
Proof. intros X N Hv. eapply (value_in_set _ _ _ _ _ _ _ _ _ C x v); eauto. Qed.
Lemma value_nonnegative x v : set x -> V x = Some v -> 0 <= v.
Proof.
  intros X Hv. destruct (classic (x = rest)) as [->|N].
  - rewrite value_rest in Hv. inversion Hv. lra.
  - apply Rlt_le. eauto using value_positive.
Qed.

(** Without a decay rate: where V is at least [c] it falls by some amount at least. *)
Lemma falls_by c : decay = 0 -> 0 < c -> exists eta, 0 < eta /\ forall z w v y u,
  set z -> c <= v -> allowed w -> V z = Some v -> f z w = Some y -> V y = Some u -> eta <= v - u.
Proof.
  intros D0 Pc. destruct (compact domain (fun d z => forall w v y u, set z -> c <= v -> allowed w ->
    V z = Some v -> f z w = Some y -> V y = Some u -> d <= v - u)) as [eta [E H]].
  - intros d e x L P w v y u Z G A Hv Hy Hu. specialize (P w v y u Z G A Hv Hy Hu). lra.
  - intros x X. destruct (value_everywhere x X) as [v Hv].
    destruct (Rlt_or_le level v) as [G|G].
    { destruct (value_continuous S x v X Hv (v - level)) as [d [D K]]; [lra|].
      exists d. split; auto. intros z Z L w u y u' [_ [q [Hq Lq]]] _ _ Hu _ _.
      rewrite Hu in Hq. inversion Hq; subst q.
      specialize (K z u Z L Hu). unfold Rabs in K; destruct Rcase_abs in K; lra. }
    destruct (Rlt_or_le v c) as [Lc|Lc].
    { destruct (value_continuous S x v X Hv (c - v)) as [d [D K]]; [lra|].
      exists d. split; auto. intros z Z L w u y u' _ Gu _ Hu _ _.
      specialize (K z u Z L Hu). unfold Rabs in K; destruct Rcase_abs in K; lra. }
    destruct (falls_around S D0 x) as [d [D K]].
    { split; eauto. }
    { intros ->. rewrite value_rest in Hv. inversion Hv. lra. }
    exists d. split; auto. intros z Z L w u y u' Hz _ A Hu Hy Hu'. now apply (K z w u y u').
  - exists eta. split; auto. intros z w v y u Z. apply H; auto. apply Z.
Qed.
End Trajectories.

Variable x : nat -> list R.
Variable w : nat -> W.
Hypothesis T : trajectory W allowed f x w.
Hypothesis X : set (x O).

Lemma stays_in_set k : set (x k).
Proof. exact (invariant _ _ _ _ _ _ _ _ _ C x w T X k). Qed.
Lemma nonincreasing j k : (j <= k)%nat -> forall v u, V (x j) = Some v -> V (x k) = Some u -> u <= v.
Proof.
  induction 1 as [|k L IH]; intros v u Hv Hu.
  - rewrite Hv in Hu. inversion Hu. lra.
  - destruct (decreases _ _ _ _ _ _ _ _ _ C x w T X k) as [v' [u' [Hv' [Hu' [D _]]]]].
    rewrite Hu in Hu'. inversion Hu'; subst u'. specialize (IH v v' Hv Hv').
    pose proof (value_nonnegative (w O) (proj1 (T O)) (x k) v' (stays_in_set k) Hv').
    pose proof (decay_range _ _ _ _ _ _ _ _ _ C). nra.
Qed.

Lemma value_becomes_small mu : 0 < mu -> exists n v, V (x n) = Some v /\ v < mu.
Proof.
  intros M. pose proof (decay_range _ _ _ _ _ _ _ _ _ C) as Dr.
  destruct (Req_dec decay 0) as [D0|D0].
  - apply NNPP. intros N. destruct (falls_by (w O) (proj1 (T O)) mu D0 M) as [eta [E H]].
    destruct (proj2 X) as [v0 [H0 _]].
    assert (K : forall k, exists v, V (x k) = Some v /\ v <= v0 - INR k * eta).
    { induction k as [|k [v [Hv L]]].
      - exists v0. split; auto. simpl. lra.
      - destruct (decreases _ _ _ _ _ _ _ _ _ C x w T X k) as [v' [u [Hv' [Hu _]]]].
        rewrite Hv in Hv'. inversion Hv'; subst v'. exists u. split; auto.
        destruct (T k) as [A Y].
        assert (mu <= v) by (apply Rnot_lt_le; intros G; apply N; eauto).
        pose proof (H (x k) (w k) v (x (Datatypes.S k)) u (stays_in_set k) H1 A Hv Y Hu).
        rewrite S_INR. lra. }
    destruct (large_natural (v0 / eta)) as [n G].
    apply (Rmult_lt_compat_r eta) in G; auto. unfold Rdiv in G.
    rewrite Rmult_assoc, Rinv_l, Rmult_1_r in G by lra. destruct (K n) as [v [Hv L]].
    pose proof (value_nonnegative (w O) (proj1 (T O)) (x n) v (stays_in_set n) Hv).
    lra.
  - destruct (converges _ _ _ _ _ _ _ _ _ C x w T X ltac:(lra) mu M) as [n H].
    destruct (H n (le_n n)) as [v [Hv [_ L]]]. eauto.
Qed.

(** T-STAB-D, 3: the states converge to the equilibrium. *)
Theorem states_converge eps : 0 < eps -> exists n, forall k, (n <= k)%nat -> close eps rest (x k).
Proof.
  intros E. destruct (positive_away domain V level rest
    (value_everywhere (w O) (proj1 (T O))) (value_continuous S)
    (value_positive (w O) (proj1 (T O))) eps E) as [mu [M H]].
  destruct (value_becomes_small mu M) as [n [v [Hv L]]]. exists n. intros k K.
  apply NNPP. intros N. pose proof (stays_in_set k) as [Xk [u [Hu Lu]]].
  pose proof (H (x k) u (stays_in_set k) Hu N). pose proof (nonincreasing n k K v u Hv Hu). lra.
Qed.
End Discrete.

(** T-STAB-D, 4: the equilibrium is stable, and the set contains a neighbourhood of it. *)
Theorem stable W allowed domain f V level decay rest near :
  conditions W allowed domain f V level decay rest near ->
  regular W allowed domain f V level decay rest ->
  forall eps, 0 < eps -> exists d, 0 < d /\ forall x w, trajectory W allowed f x w ->
    close d rest (x O) -> in_set domain V level (x O) /\ forall k, close eps rest (x k).
Proof.
  intros C S eps E. destruct (classic (exists w, allowed w)) as [[w0 A0]|N].
  2:{ exists 1. split; [lra|]. intros x w T _. elim N. exists (w O). apply (T O). }
  pose proof (value_everywhere _ _ _ _ _ _ _ _ _ C w0 A0) as Ev.
  destruct (positive_away domain V level rest Ev (value_continuous _ _ _ _ _ _ _ _ S)
    (value_positive _ _ _ _ _ _ _ _ _ C w0 A0) eps E) as [mu [M H]].
  pose proof (level_positive _ _ _ _ _ _ _ _ S) as L0.
  destruct (small_near domain V rest Ev (value_continuous _ _ _ _ _ _ _ _ S) (Rmin mu level))
    as [d [D K]].
  { exact (rest_inside _ _ _ _ _ _ _ _ S). }
  { exact (value_rest _ _ _ _ _ _ _ _ _ C S w0 A0). }
  { now apply Rmin_glb_lt. }
  exists d. split; auto. intros x w T Cl. destruct (K (x O) Cl) as [B [v [Hv L]]].
  pose proof (Rmin_l mu level). pose proof (Rmin_r mu level).
  assert (X : in_set domain V level (x O)) by (split; auto; exists v; split; auto; lra).
  split; auto. intros k. apply NNPP. intros F.
  pose proof (stays_in_set _ _ _ _ _ _ _ _ _ C x w T X k) as Xk.
  destruct (proj2 Xk) as [u [Hu _]]. pose proof (H (x k) u Xk Hu F).
  pose proof (nonincreasing _ _ _ _ _ _ _ _ _ C S x w T X O k (Nat.le_0_l k) v u Hv Hu). lra.
Qed.
