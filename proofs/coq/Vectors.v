(** Vectors of coefficients in binary64, four to a record, and bounds of the sums of their sizes.

    Records of floats are flat in the extracted program, and a chunk of zeros takes no time.  One
    bound for a whole vector, in terms of the sizes of what went in, takes the place of an interval
    for each coefficient (N. Higham, Accuracy and Stability of Numerical Algorithms, 2002, ch. 3). *)
From Coq Require Import Reals List Lra Lia Psatz Bool Floats.
From Interval Require Import Float.Basic Float.Sig Real.Xreal Float.Primitive_ops.
From Flocq.Core Require Import Zaux Raux.
From Certify Require Import Intervals Arithmetic Bounds Rounding.
Import ListNotations.
Local Open Scope R_scope.

Record four := Four { f0 : float; f1 : float; f2 : float; f3 : float }.
Inductive vec := End | Skip (v : vec) | Part (f : four) (v : vec).
Definition zeros := Four 0 0 0 0.

(** * Meaning *)

Definition in_unit (x : R) : Prop := -1 <= x <= 1.

Definition dot4 (z : nat -> R) (i : nat) (f : four) : R :=
  toR (f0 f) * z i + toR (f1 f) * z (1 + i)%nat + toR (f2 f) * z (2 + i)%nat +
  toR (f3 f) * z (3 + i)%nat.
Fixpoint lin (z : nat -> R) (i : nat) (v : vec) : R :=
  match v with
  | End => 0
  | Skip v => lin z (4 + i) v
  | Part f v => dot4 z i f + lin z (4 + i) v
  end.

(** What is added for each chunk, so that products too small for binary64 need no thought. *)
Definition tau : R := bpow radix2 (-500).
Definition theta : R := bpow radix2 (-502).
Definition sum4 (f : four) : R :=
  Rabs (toR (f0 f)) + Rabs (toR (f1 f)) + Rabs (toR (f2 f)) + Rabs (toR (f3 f)).
Fixpoint total (v : vec) : R :=
  match v with End => 0 | Skip v => total v | Part f v => sum4 f + (total v + tau) end.

Lemma tau_pos : 0 < tau. Proof. apply bpow_gt_0. Qed.
Lemma theta_pos : 0 < theta. Proof. apply bpow_gt_0. Qed.
Lemma theta_tau : 4 * theta = tau.
Proof.
  unfold tau, theta. change (-500)%Z with (2 + -502)%Z. rewrite bpow_plus. simpl (bpow radix2 2). lra.
Qed.
Lemma smallest_covered : 16 * smallest <= unit_roundoff * (theta * tau).
Proof.
  assert (E : unit_roundoff = bpow radix2 (-53)) by (unfold unit_roundoff; simpl; lra).
  rewrite E. unfold smallest, tau, theta. rewrite <- !bpow_plus.
  change 16 with (bpow radix2 4). rewrite <- bpow_plus. apply bpow_le. simpl. lia.
Qed.

Lemma sum4_pos f : 0 <= sum4 f.
Proof. unfold sum4. repeat apply Rplus_le_le_0_compat; apply Rabs_pos. Qed.
Lemma total_pos v : 0 <= total v.
Proof. pose proof tau_pos. induction v; simpl; try lra. pose proof (sum4_pos f). lra. Qed.

Lemma unit_abs x : in_unit x -> Rabs x <= 1.
Proof. unfold in_unit, Rabs. destruct Rcase_abs; lra. Qed.
Lemma times_unit a x : in_unit x -> Rabs (a * x) <= Rabs a.
Proof.
  intros H. rewrite Rabs_mult. pose proof (unit_abs _ H). pose proof (Rabs_pos a).
  pose proof (Rabs_pos x). nra.
Qed.
Lemma triangle4 a b c d : Rabs (a + b + c + d) <= Rabs a + Rabs b + Rabs c + Rabs d.
Proof.
  pose proof (Rabs_triang (a + b + c) d). pose proof (Rabs_triang (a + b) c).
  pose proof (Rabs_triang a b). lra.
Qed.

Section Bounds.
Variable z : nat -> R.
Hypothesis Z : forall i, in_unit (z i).
Lemma dot4_bound i f : Rabs (dot4 z i f) <= sum4 f.
Proof.
  unfold dot4, sum4. eapply Rle_trans; [apply triangle4|].
  repeat apply Rplus_le_compat; now apply times_unit.
Qed.
Lemma lin_bound v : forall i, Rabs (lin z i v) <= total v.
Proof.
  pose proof tau_pos. induction v; intros i; simpl.
  - rewrite Rabs_R0; lra.
  - apply IHv.
  - eapply Rle_trans; [apply Rabs_triang|]. pose proof (dot4_bound i f). specialize (IHv (S (S (S (S i))))).
    simpl in IHv. lra.
Qed.
End Bounds.

(** * Sizes *)

Definition all4 (f : four) : Prop :=
  finite (f0 f) = true /\ finite (f1 f) = true /\ finite (f2 f) = true /\ finite (f3 f) = true.
Fixpoint all_finite (v : vec) : Prop :=
  match v with End => True | Skip v => all_finite v | Part f v => all4 f /\ all_finite v end.

Definition tau_float : float := 0x1p-500%float.
Definition growth : float := 0x1.0000000000004p+0%float.
(** Sums rounded to nearest, made larger than what all roundings together can lose. *)
Definition grow (a b c d e : float) : float := ((a + b + (c + d) + (e + tau_float)) * growth)%float.
Fixpoint norm (v : vec) : float :=
  match v with
  | End => 0
  | Skip v => norm v
  | Part f v => grow (abs (f0 f)) (abs (f1 f)) (abs (f2 f)) (abs (f3 f)) (norm v)
  end.

Lemma toR_tau : finite tau_float = true /\ toR tau_float = tau.
Proof.
  split; [reflexivity|]. unfold toR, F.toR, F.toX.
  replace (F.toF tau_float) with (Float false 4503599627370496 (-552) : Basic.float F.radix) by reflexivity.
  unfold FtoX, proj_val. rewrite FtoR_split. unfold Defs.F2R. simpl Defs.Fnum. simpl Defs.Fexp.
  change (IZR 4503599627370496) with (bpow radix2 52). unfold F.radix, tau. rewrite <- bpow_plus. reflexivity.
Qed.
Lemma toR_growth : finite growth = true /\ toR growth = 1 + 8 * unit_roundoff.
Proof.
  split; [reflexivity|]. unfold toR, F.toR, F.toX, unit_roundoff.
  replace (F.toF growth) with (Float false 4503599627370500 (-52) : Basic.float F.radix) by reflexivity.
  simpl. unfold FtoR. simpl. lra.
Qed.
Notation u := unit_roundoff.
Lemma pos2 a b : 0 <= a -> 0 <= b -> 0 <= a * b.
Proof. apply Rmult_le_pos. Qed.
Lemma pos3 a b c : 0 <= a -> 0 <= b -> 0 <= c -> 0 <= a * (b * c).
Proof. intros. apply pos2; auto. now apply pos2. Qed.
Lemma u_small : 0 < u < / 1000000. Proof. unfold unit_roundoff. lra. Qed.

Lemma sum_below a b x y : finite (a + b) = true -> 0 <= x <= toR a -> 0 <= y <= toR b ->
  (1 - u) * (x + y) <= toR (a + b).
Proof.
  intros F A B. pose proof (plus_error a b F) as E. pose proof u_small.
  rewrite (Rabs_pos_eq (toR a + toR b)) in E by lra.
  assert (toR (a + b) >= (1 - u) * (toR a + toR b)).
  { revert E. unfold Rabs. destruct Rcase_abs; lra. }
  nra.
Qed.

Lemma grow_finite a b c d e : finite (grow a b c d e) = true ->
  finite a = true /\ finite b = true /\ finite c = true /\ finite d = true /\ finite e = true.
Proof.
  unfold grow. intros H. apply finite_times in H; destruct H as [H _].
  apply finite_plus in H; destruct H as [H1 H2]. apply finite_plus in H2; destruct H2 as [H2 _].
  apply finite_plus in H1; destruct H1 as [A B]. apply finite_plus in A, B. tauto.
Qed.
Lemma grow_ok a b c d e x0 x1 x2 x3 x4 : finite (grow a b c d e) = true ->
  0 <= x0 <= toR a -> 0 <= x1 <= toR b -> 0 <= x2 <= toR c -> 0 <= x3 <= toR d -> 0 <= x4 <= toR e ->
  x0 + x1 + x2 + x3 + (x4 + tau) <= toR (grow a b c d e).
Proof.
  unfold grow. intros H X0 X1 X2 X3 X4. set (t := (_ + _ + _)%float) in H |- *.
  pose proof (finite_times _ _ H) as [T _].
  pose proof (finite_plus _ _ T) as [T1 T2]. pose proof (finite_plus _ _ T1) as [A B].
  pose proof tau_pos. pose proof u_small as U.
  destruct toR_tau as [_ Et]. destruct toR_growth as [_ Eg].
  set (s4 := x0 + x1 + x2 + x3) in *. assert (P0 : 0 <= s4) by (unfold s4; lra).
  pose proof (sum_below _ _ _ _ A X0 X1) as L1.
  pose proof (sum_below _ _ _ _ B X2 X3) as L2.
  pose proof (sum_below _ _ (x4) tau T2 ltac:(lra) ltac:(lra)) as L3.
  pose proof (sum_below _ _ ((1 - u) * (x0 + x1))
    ((1 - u) * (x2 + x3)) T1) as L4.
  assert (P : forall x, 0 <= x -> 0 <= (1 - u) * x) by (intros; apply Rmult_le_pos; lra).
  assert (P1 : 0 <= (1 - u) * (x0 + x1)) by (apply P; lra).
  assert (P2 : 0 <= (1 - u) * (x2 + x3)) by (apply P; lra).
  specialize (L4 (conj P1 L1) (conj P2 L2)).
  replace ((1 - u) * (x0 + x1) +
    (1 - u) * (x2 + x3)) with ((1 - u) * s4) in L4
    by (unfold s4; ring).
  pose proof (sum_below _ _ ((1 - u) * ((1 - u) * s4)) ((1 - u) * (x4 + tau)) T) as L5.
  assert (P3 : 0 <= (1 - u) * ((1 - u) * s4)) by (apply P, P; lra).
  assert (P4 : 0 <= (1 - u) * (x4 + tau)) by (apply P; lra).
  specialize (L5 (conj P3 L4) (conj P4 L3)).
  fold t in L5. set (s := s4 + (x4 + tau)).
  assert (S : (1 - 3 * u) * s <= toR t).
  { eapply Rle_trans; [|exact L5]. unfold s.
    assert (Q : (1 - 3 * u) * s4 <= (1 - u) * ((1 - u) * ((1 - u) * s4))).
    { replace ((1 - u) * ((1 - u) * ((1 - u) * s4))) with (((1 - u) * (1 - u) * (1 - u)) * s4) by ring.
      apply Rmult_le_compat_r; auto. replace ((1 - u) * (1 - u) * (1 - u)) with (1 - 3 * u + u * u * (3 - u)) by ring.
      assert (0 <= u * u * (3 - u)) by (apply Rmult_le_pos; [apply Rmult_le_pos|]; lra). lra. }
    assert (Q' : (1 - 3 * u) * (x4 + tau) <= (1 - u) * ((1 - u) * (x4 + tau))).
    { replace ((1 - u) * ((1 - u) * (x4 + tau))) with (((1 - u) * (1 - u)) * (x4 + tau)) by ring.
      apply Rmult_le_compat_r; [lra|]. replace ((1 - u) * (1 - u)) with (1 - 2 * u + u * u) by ring.
      assert (0 <= u * u) by (apply Rmult_le_pos; lra). lra. }
    lra. }
  pose proof (times_error t growth H) as E. rewrite Eg in E.
  assert (Ps : tau <= s) by (unfold s; lra).
  assert (T0 : 0 <= toR t) by (assert (0 <= (1 - 3 * u) * s) by (apply Rmult_le_pos; lra); lra).
  rewrite (Rabs_pos_eq (toR t * _)) in E by (apply Rmult_le_pos; lra).
  assert (Sm : smallest <= u * s).
  { pose proof smallest_covered. pose proof smallest_pos. pose proof theta_tau.
    assert (theta * tau <= tau) by
      (rewrite <- (Rmult_1_l tau) at 2; apply Rmult_le_compat_r; [lra|];
       unfold theta; rewrite <- (Rinv_1); apply Rle_trans with (bpow radix2 0);
         [apply bpow_le; lia|simpl; lra]).
    assert (u * (theta * tau) <= u * s) by (apply Rmult_le_compat_l; lra). lra. }
  assert (G : toR t * (1 + 8 * u) * (1 - u) - u * s <= toR (t * growth)).
  { revert E. unfold Rabs. destruct Rcase_abs; intros; nra. }
  assert (K : s <= (1 - 3 * u) * s * (1 + 8 * u) * (1 - u) - u * s).
  { replace ((1 - 3 * u) * s * (1 + 8 * u) * (1 - u) - u * s) with
      (s * (1 + 3 * u - 29 * (u * u) + 24 * (u * u * u))) by ring.
    rewrite <- (Rmult_1_r s) at 1. apply Rmult_le_compat_l; [lra|].
    assert (0 <= 24 * (u * u * u)) by (repeat apply Rmult_le_pos; lra).
    assert (29 * (u * u) <= 3 * u) by nra. lra. }
  eapply Rle_trans; [exact K|]. eapply Rle_trans; [|exact G].
  apply Rplus_le_compat_r. apply Rmult_le_compat_r; [lra|]. apply Rmult_le_compat_r; [lra|]. exact S.
Qed.
Lemma norm_finite v : finite (norm v) = true -> all_finite v.
Proof.
  induction v; simpl; auto. intros H. apply grow_finite in H. rewrite !finite_abs in H. unfold all4. tauto.
Qed.
Lemma norm_ok v : finite (norm v) = true -> 0 <= total v <= toR (norm v).
Proof.
  intros H. split; [apply total_pos|]. revert H. induction v; simpl; intros H.
  - rewrite toR_0. lra.
  - auto.
  - assert (N : forall x, 0 <= Rabs (toR x) <= toR (abs x))
      by (intros x; rewrite toR_abs; split; [apply Rabs_pos|lra]).
    unfold sum4. apply grow_ok; auto. split; [apply total_pos|]. apply IHv.
    apply grow_finite in H. tauto.
Qed.
