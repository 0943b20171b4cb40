(** Sizes of what is computed in binary64: products from below, and coefficients of linear combinations. *)
From Coq Require Import Reals List Lra Lia Psatz Bool Floats.
From Flocq.Core Require Import Zaux Raux.
From Certify Require Import Intervals Arithmetic Rounding Vectors.
Local Open Scope R_scope.
Local Notation u := unit_roundoff.

Lemma prod_below a b x y : finite (a * b) = true -> 0 <= x <= toR a -> 0 <= y <= toR b ->
  (1 - u) * (x * y) - smallest <= toR (a * b).
Proof.
  intros F A B. pose proof (times_error a b F) as E. pose proof u_small. pose proof smallest_pos.
  assert (0 <= x * y) by (apply Rmult_le_pos; lra).
  assert (x * y <= toR a * toR b) by (apply Rmult_le_compat; lra).
  rewrite (Rabs_pos_eq (toR a * toR b)) in E by lra.
  assert (toR (a * b) >= (1 - u) * (toR a * toR b) - smallest).
  { revert E. unfold Rabs. destruct Rcase_abs; lra. }
  assert ((1 - u) * (x * y) <= (1 - u) * (toR a * toR b)) by (apply Rmult_le_compat_l; lra). lra.
Qed.
Lemma smallest_tau : 16 * smallest <= u * tau.
Proof.
  pose proof smallest_covered. pose proof tau_pos. pose proof u_small.
  assert (theta <= 1).
  { unfold theta. change 1 with (Raux.bpow Zaux.radix2 0). apply Raux.bpow_le. lia. }
  assert (u * (theta * tau) <= u * tau); [|lra].
  apply Rmult_le_compat_l; [lra|]. rewrite <- (Rmult_1_l tau) at 2. apply Rmult_le_compat_r; lra.
Qed.

Lemma vscale_finite a v : all_finite (vscale a v) -> all_finite v.
Proof.
  induction v; simpl; auto. intros [(A & B & C & D) H]. simpl in *.
  apply finite_times in A, B, C, D. unfold all4. tauto.
Qed.
Lemma comb_finite a v : forall b w, all_finite (comb a v b w) -> all_finite v /\ all_finite w.
Proof.
  assert (S : forall b g, all4 (scale4 b g) -> all4 g).
  { intros b g (A & B & C & D). simpl in *. apply finite_times in A, B, C, D. unfold all4. tauto. }
  induction v as [|v IH|f v IH]; intros b w H.
  - simpl in *. split; auto. now apply vscale_finite in H.
  - destruct w as [|w|g w].
    + split; [now apply (vscale_finite a (Skip v))|exact I].
    + simpl in *. eauto.
    + simpl in *. destruct H as [A H]. apply IH in H. apply S in A. tauto.
  - destruct w as [|w|g w].
    + split; [now apply (vscale_finite a (Part f v))|exact I].
    + simpl in *. destruct H as [A H]. apply IH in H. apply S in A. tauto.
    + simpl in *. destruct H as [(A & B & C & D) H]. apply IH in H. simpl in *.
      apply finite_plus in A, B, C, D. destruct A as [A A'], B as [B B'], C as [C C'], D as [D D'].
      apply finite_times in A, B, C, D, A', B', C', D'. unfold all4. tauto.
Qed.

(** Sizes of sums. *)
Lemma size_by a b e : Rabs (a - b) <= e -> Rabs a <= Rabs b + e.
Proof. intros H. replace a with (b + (a - b)) at 1 by ring. eapply Rle_trans; [apply Rabs_triang|lra]. Qed.
Lemma sum4_scaled a f : all4 (scale4 a f) ->
  sum4 (scale4 a f) <= (1 + 2 * u) * (Rabs (toR a) * sum4 f) + 8 * smallest.
Proof.
  intros (A & B & C & D). unfold sum4. simpl in *.
  assert (E : forall x, finite (a * x) = true ->
    Rabs (toR (a * x)) <= (1 + 2 * u) * (Rabs (toR a) * Rabs (toR x)) + 2 * smallest).
  { intros x F. pose proof (size_by _ _ _ (scale_error a x F)) as K. rewrite Rabs_mult in K. lra. }
  pose proof (E _ A). pose proof (E _ B). pose proof (E _ C). pose proof (E _ D). lra.
Qed.
Lemma sum4_comb a f b g : all4 (comb4 a f b g) ->
  sum4 (comb4 a f b g) <=
  (1 + 4 * u) * (Rabs (toR a) * sum4 f) + (1 + 4 * u) * (Rabs (toR b) * sum4 g) + 16 * smallest.
Proof.
  intros (A & B & C & D). unfold sum4. simpl in *.
  assert (E : forall x y, finite (a * x + b * y) = true -> Rabs (toR (a * x + b * y)) <=
    (1 + 4 * u) * (Rabs (toR a) * Rabs (toR x)) + (1 + 4 * u) * (Rabs (toR b) * Rabs (toR y)) + 4 * smallest).
  { intros x y F. pose proof (size_by _ _ _ (comb_error a x b y F)) as K.
    pose proof (Rabs_triang (toR a * toR x) (toR b * toR y)) as T. rewrite !Rabs_mult in T. lra. }
  pose proof (E _ _ A). pose proof (E _ _ B). pose proof (E _ _ C). pose proof (E _ _ D). lra.
Qed.
Lemma vscale_total a v : all_finite (vscale a v) -> total (vscale a v) <= 2 * ((Rabs (toR a) + 1) * total v).
Proof.
  pose proof u_small. pose proof tau_pos. pose proof smallest_tau. pose proof smallest_pos. pose proof (Rabs_pos (toR a)).
  induction v; simpl; [intros _; lra|exact IHv|]. intros [A H']. specialize (IHv H'). pose proof (sum4_scaled a f A).
  pose proof (sum4_pos f). pose proof (total_pos v).
  assert (0 <= Rabs (toR a) * sum4 f) by (apply Rmult_le_pos; lra).
  assert (0 <= Rabs (toR a) * tau) by (apply Rmult_le_pos; lra).
  assert (u * (Rabs (toR a) * sum4 f) <= / 1000000 * (Rabs (toR a) * sum4 f)) by (apply Rmult_le_compat_r; lra).
  assert (u * tau <= / 1000000 * tau) by (apply Rmult_le_compat_r; lra). lra.
Qed.
Lemma vscale_one v : all_finite (vscale 1 v) -> total (vscale 1 v) <= (1 + 8 * u) * total v.
Proof.
  pose proof u_small. pose proof tau_pos. pose proof smallest_tau.
  induction v; simpl; [intros _; lra|exact IHv|]. intros [A H']. specialize (IHv H'). pose proof (sum4_scaled 1 f A) as S.
  rewrite toR_1, Rabs_R1 in S. pose proof (sum4_pos f). pose proof (total_pos v).
  assert (0 <= u * sum4 f) by (apply Rmult_le_pos; lra). pose proof smallest_pos. lra.
Qed.
Lemma comb_total a v : forall w, all_finite (comb a v 1 w) ->
  total (comb a v 1 w) <= 2 * ((Rabs (toR a) + 1) * total v) + (1 + 8 * u) * total w.
Proof.
  pose proof u_small. pose proof tau_pos. pose proof smallest_tau. pose proof smallest_pos. pose proof (Rabs_pos (toR a)).
  assert (Pa : forall f, 0 <= Rabs (toR a) * sum4 f /\ u * (Rabs (toR a) * sum4 f) <= / 1000000 * (Rabs (toR a) * sum4 f)).
  { intros f. pose proof (sum4_pos f). assert (0 <= Rabs (toR a) * sum4 f) by (apply Rmult_le_pos; lra).
    split; auto. apply Rmult_le_compat_r; lra. }
  assert (0 <= Rabs (toR a) * tau) by (apply Rmult_le_pos; lra).
  assert (u * tau <= / 1000000 * tau) by (apply Rmult_le_compat_r; lra).
  assert (Pb : forall f, 0 <= u * sum4 f) by (intros; apply Rmult_le_pos; [lra|apply sum4_pos]).
  induction v as [|v IH|f v IH]; intros w F.
  - simpl in *. pose proof (vscale_one w F). lra.
  - destruct w as [|w|g w].
    + change (comb a (Skip v) 1 End) with (vscale a (Skip v)) in *.
      pose proof (vscale_total a (Skip v) F). simpl in *. lra.
    + simpl in *. now apply IH.
    + simpl in *. destruct F as [A F]. specialize (IH _ F). pose proof (sum4_scaled 1 g A) as S.
      rewrite toR_1, Rabs_R1 in S. pose proof (Pb g). pose proof (sum4_pos g). lra.
  - destruct w as [|w|g w].
    + change (comb a (Part f v) 1 End) with (vscale a (Part f v)) in *.
      pose proof (vscale_total a (Part f v) F). simpl in *. lra.
    + simpl in *. destruct F as [A F]. specialize (IH _ F). pose proof (sum4_scaled a f A) as S.
      pose proof (Pa f). pose proof (sum4_pos f). lra.
    + simpl in *. destruct F as [A F]. specialize (IH _ F). pose proof (sum4_comb a f 1 g A) as S.
      rewrite toR_1, Rabs_R1 in S. pose proof (Pa f). pose proof (sum4_pos f). pose proof (Pb g).
      pose proof (sum4_pos g). lra.
Qed.
