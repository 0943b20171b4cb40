(** Linear combinations of vectors, and what rounding loses in them. *)
From Coq Require Import Reals List Lra Lia Psatz Bool Floats.
From Interval Require Import Float.Basic Float.Sig Real.Xreal Float.Primitive_ops.
From Certify Require Import Intervals Arithmetic Bounds Rounding Vectors.
Import ListNotations.
Local Open Scope R_scope.

Definition scale4 (a : float) (f : four) : four :=
  Four (a * f0 f) (a * f1 f) (a * f2 f) (a * f3 f).
Fixpoint vscale (a : float) (v : vec) : vec :=
  match v with
  | End => End
  | Skip v => Skip (vscale a v)
  | Part f v => Part (scale4 a f) (vscale a v)
  end.
Definition comb4 (a : float) (f : four) (b : float) (g : four) : four :=
  Four (a * f0 f + b * f0 g) (a * f1 f + b * f1 g) (a * f2 f + b * f2 g) (a * f3 f + b * f3 g).
Fixpoint comb (a : float) (v : vec) (b : float) (w : vec) : vec :=
  match v, w with
  | End, w => vscale b w
  | v, End => vscale a v
  | Skip v, Skip w => Skip (comb a v b w)
  | Skip v, Part g w => Part (scale4 b g) (comb a v b w)
  | Part f v, Skip w => Part (scale4 a f) (comb a v b w)
  | Part f v, Part g w => Part (comb4 a f b g) (comb a v b w)
  end.

(** What the rounding of [a v] loses is within [4 u (|a| + theta) total v]. *)
Definition loss (a : float) (t : R) : R := 4 * u * ((Rabs (toR a) + theta) * t).
Lemma loss_pos a t : 0 <= t -> 0 <= loss a t.
Proof.
  intros T. unfold loss. pose proof u_small. pose proof theta_pos. pose proof (Rabs_pos (toR a)).
  apply pos2; [lra|]. apply pos2; lra.
Qed.
Lemma loss_plus a s t : loss a (s + t) = loss a s + loss a t.
Proof. unfold loss. ring. Qed.

Lemma scale_error a x : finite (a * x) = true ->
  Rabs (toR (a * x) - toR a * toR x) <= 2 * u * (Rabs (toR a) * Rabs (toR x)) + 2 * smallest.
Proof.
  intros H. pose proof (times_error a x H) as E. rewrite Rabs_mult in E. pose proof u_small.
  pose proof smallest_pos. pose proof (Rabs_pos (toR a)). pose proof (Rabs_pos (toR x)).
  assert (0 <= u * (Rabs (toR a) * Rabs (toR x))) by (apply pos3; lra). lra.
Qed.
Lemma comb_error a x b y : finite (a * x + b * y) = true ->
  Rabs (toR (a * x + b * y) - (toR a * toR x + toR b * toR y)) <=
  (4 * u * (Rabs (toR a) * Rabs (toR x)) + 2 * smallest) +
  (4 * u * (Rabs (toR b) * Rabs (toR y)) + 2 * smallest).
Proof.
  intros H. pose proof (plus_error _ _ H) as E. destruct (finite_plus _ _ H) as [A B].
  pose proof (times_error a x A) as Ea. pose proof (times_error b y B) as Eb.
  rewrite Rabs_mult in Ea, Eb. pose proof u_small. pose proof smallest_pos.
  pose proof (Rabs_pos (toR a)). pose proof (Rabs_pos (toR x)).
  pose proof (Rabs_pos (toR b)). pose proof (Rabs_pos (toR y)).
  set (p := Rabs (toR a) * Rabs (toR x)) in *. set (q := Rabs (toR b) * Rabs (toR y)) in *.
  assert (0 <= p) by (apply Rmult_le_pos; lra). assert (0 <= q) by (apply Rmult_le_pos; lra).
  set (d := toR (a * x) - toR a * toR x) in *. set (e := toR (b * y) - toR b * toR y) in *.
  set (s := toR (a * x) + toR (b * y)) in *.
  replace (toR (a * x + b * y) - (toR a * toR x + toR b * toR y)) with
    ((toR (a * x + b * y) - s) + (d + e)) by (unfold d, e, s; ring).
  assert (S : Rabs s <= p + q + (Rabs d + Rabs e)).
  { replace s with ((toR a * toR x + d) + (toR b * toR y + e)) by (unfold s, d, e; ring).
    pose proof (Rabs_triang (toR a * toR x + d) (toR b * toR y + e)) as T1.
    pose proof (Rabs_triang (toR a * toR x) d) as T2. pose proof (Rabs_triang (toR b * toR y) e) as T3.
    rewrite Rabs_mult in T2, T3. unfold p, q. lra. }
  pose proof (Rabs_triang (toR (a * x + b * y) - s) (d + e)). pose proof (Rabs_triang d e).
  assert (u * Rabs s <= u * (p + q + (Rabs d + Rabs e))) by (apply Rmult_le_compat_l; lra).
  assert (u * (Rabs d + Rabs e) <= / 1000000 * (Rabs d + Rabs e))
    by (apply Rmult_le_compat_r; [pose proof (Rabs_pos d); pose proof (Rabs_pos e)|]; lra).
  assert (0 <= u * p) by (apply Rmult_le_pos; lra). assert (0 <= u * q) by (apply Rmult_le_pos; lra).
  lra.
Qed.

Lemma chunk_loss a f : 4 * u * (Rabs (toR a) * sum4 f) + 16 * smallest <= loss a (sum4 f + tau).
Proof.
  unfold loss. pose proof u_small. pose proof theta_pos. pose proof tau_pos.
  pose proof (sum4_pos f). pose proof (Rabs_pos (toR a)). pose proof smallest_covered.
  replace (4 * u * ((Rabs (toR a) + theta) * (sum4 f + tau))) with
    (4 * u * (Rabs (toR a) * sum4 f) + 4 * (u * (Rabs (toR a) * tau)) + 4 * (u * (theta * sum4 f)) +
     4 * (u * (theta * tau))) by ring.
  assert (0 <= u * (Rabs (toR a) * tau)) by (repeat apply Rmult_le_pos; lra).
  assert (0 <= u * (theta * sum4 f)) by (apply pos3; lra).
  assert (0 <= u * (theta * tau)) by (apply pos3; lra). lra.
Qed.

Section Losses.
Variable z : nat -> R.
Hypothesis Z : forall i, in_unit (z i).

Lemma weighted4 d0 d1 d2 d3 b0 b1 b2 b3 i : Rabs d0 <= b0 -> Rabs d1 <= b1 -> Rabs d2 <= b2 ->
  Rabs d3 <= b3 ->
  Rabs (d0 * z i + d1 * z (1 + i)%nat + d2 * z (2 + i)%nat + d3 * z (3 + i)%nat) <= b0 + b1 + b2 + b3.
Proof.
  intros. eapply Rle_trans; [apply triangle4|].
  pose proof (times_unit d0 _ (Z i)). pose proof (times_unit d1 _ (Z (1 + i)%nat)).
  pose proof (times_unit d2 _ (Z (2 + i)%nat)). pose proof (times_unit d3 _ (Z (3 + i)%nat)). lra.
Qed.
Lemma scale4_ok a f i : all4 (scale4 a f) ->
  Rabs (dot4 z i (scale4 a f) - toR a * dot4 z i f) <= loss a (sum4 f + tau).
Proof.
  intros (A & B & C & D). eapply Rle_trans; [|apply chunk_loss]. unfold dot4. simpl f0. simpl f1.
  simpl f2. simpl f3.
  match goal with |- Rabs ?e <= _ => replace e with
    ((toR (a * f0 f) - toR a * toR (f0 f)) * z i + (toR (a * f1 f) - toR a * toR (f1 f)) * z (1 + i)%nat +
     (toR (a * f2 f) - toR a * toR (f2 f)) * z (2 + i)%nat +
     (toR (a * f3 f) - toR a * toR (f3 f)) * z (3 + i)%nat) by ring end.
  eapply Rle_trans; [apply weighted4; apply scale_error; assumption|].
  pose proof smallest_pos. pose proof u_small. unfold sum4. pose proof (Rabs_pos (toR a)).
  assert (0 <= u * (Rabs (toR a) * (Rabs (toR (f0 f)) + Rabs (toR (f1 f)) + Rabs (toR (f2 f)) + Rabs (toR (f3 f)))))
    by (pose proof (sum4_pos f); unfold sum4 in *; apply pos3; lra). lra.
Qed.
Lemma comb4_ok a f b g i : all4 (comb4 a f b g) ->
  Rabs (dot4 z i (comb4 a f b g) - (toR a * dot4 z i f + toR b * dot4 z i g)) <=
  loss a (sum4 f + tau) + loss b (sum4 g + tau).
Proof.
  intros (A & B & C & D).
  eapply Rle_trans; [|apply Rplus_le_compat; apply chunk_loss]. unfold dot4. simpl f0. simpl f1.
  simpl f2. simpl f3. simpl in A, B, C, D.
  match goal with |- Rabs ?e <= _ => replace e with
    ((toR (a * f0 f + b * f0 g) - (toR a * toR (f0 f) + toR b * toR (f0 g))) * z i +
     (toR (a * f1 f + b * f1 g) - (toR a * toR (f1 f) + toR b * toR (f1 g))) * z (1 + i)%nat +
     (toR (a * f2 f + b * f2 g) - (toR a * toR (f2 f) + toR b * toR (f2 g))) * z (2 + i)%nat +
     (toR (a * f3 f + b * f3 g) - (toR a * toR (f3 f) + toR b * toR (f3 g))) * z (3 + i)%nat) by ring end.
  eapply Rle_trans; [apply weighted4; apply comb_error; assumption|].
  pose proof smallest_pos. unfold sum4. lra.
Qed.

Lemma vscale_ok a v : forall i, all_finite (vscale a v) ->
  Rabs (lin z i (vscale a v) - toR a * lin z i v) <= loss a (total v).
Proof.
  induction v; intros i H; simpl in *.
  - rewrite Rmult_0_r, Rminus_0_r, Rabs_R0. apply loss_pos; lra.
  - now apply IHv.
  - destruct H as [H1 H2]. pose proof (scale4_ok a f i H1) as Sc. 
    replace (sum4 f + (total v + tau)) with (sum4 f + tau + total v) by ring. rewrite loss_plus.
    match goal with |- Rabs ?e <= _ => replace e with
      ((dot4 z i (scale4 a f) - toR a * dot4 z i f) +
       (lin z (S (S (S (S i)))) (vscale a v) - toR a * lin z (S (S (S (S i)))) v)) by ring end.
    eapply Rle_trans; [apply Rabs_triang|]. apply Rplus_le_compat; auto.
Qed.

Lemma comb_ok a v : forall b w i, all_finite (comb a v b w) ->
  Rabs (lin z i (comb a v b w) - (toR a * lin z i v + toR b * lin z i w)) <=
  loss a (total v) + loss b (total w).
Proof.
  assert (Sum : forall p q x y, Rabs p <= x -> Rabs q <= y -> Rabs (p + q) <= x + y)
    by (intros; eapply Rle_trans; [apply Rabs_triang|lra]).
  induction v as [|v IH|f v IH]; intros b w i H.
  - simpl in *. rewrite Rmult_0_r, Rplus_0_l. pose proof (vscale_ok b w i H).
    pose proof (loss_pos a 0 (Rle_refl _)). lra.
  - destruct w as [|w|g w].
    + change (comb a (Skip v) b End) with (vscale a (Skip v)) in *.
      rewrite Rmult_0_r, Rplus_0_r. pose proof (vscale_ok a (Skip v) i H).
      pose proof (loss_pos b 0 (Rle_refl _)). change (total End) with 0. lra.
    + simpl in *. now apply IH.
    + simpl in *. destruct H as [H1 H2]. pose proof (scale4_ok b g i H1) as Sc.
      pose proof (IH b w (S (S (S (S i)))) H2) as K.
      replace (sum4 g + (total w + tau)) with (sum4 g + tau + total w) by ring. rewrite loss_plus.
      match goal with |- Rabs ?e <= _ => replace e with
        ((dot4 z i (scale4 b g) - toR b * dot4 z i g) +
         (lin z (S (S (S (S i)))) (comb a v b w) -
          (toR a * lin z (S (S (S (S i)))) v + toR b * lin z (S (S (S (S i)))) w))) by ring end.
      pose proof (Sum _ _ _ _ Sc K). lra.
  - destruct w as [|w|g w].
    + change (comb a (Part f v) b End) with (vscale a (Part f v)) in *.
      rewrite Rmult_0_r, Rplus_0_r. pose proof (vscale_ok a (Part f v) i H).
      pose proof (loss_pos b 0 (Rle_refl _)). change (total End) with 0. lra.
    + simpl in *. destruct H as [H1 H2]. pose proof (scale4_ok a f i H1) as Sc.
      pose proof (IH b w (S (S (S (S i)))) H2) as K.
      replace (sum4 f + (total v + tau)) with (sum4 f + tau + total v) by ring. rewrite loss_plus.
      match goal with |- Rabs ?e <= _ => replace e with
        ((dot4 z i (scale4 a f) - toR a * dot4 z i f) +
         (lin z (S (S (S (S i)))) (comb a v b w) -
          (toR a * lin z (S (S (S (S i)))) v + toR b * lin z (S (S (S (S i)))) w))) by ring end.
      pose proof (Sum _ _ _ _ Sc K). lra.
    + simpl in *. destruct H as [H1 H2]. pose proof (comb4_ok a f b g i H1) as Sc.
      pose proof (IH b w (S (S (S (S i)))) H2) as K.
      replace (sum4 g + (total w + tau)) with (sum4 g + tau + total w) by ring.
      replace (sum4 f + (total v + tau)) with (sum4 f + tau + total v) by ring. rewrite !loss_plus.
      match goal with |- Rabs ?e <= _ => replace e with
        ((dot4 z i (comb4 a f b g) - (toR a * dot4 z i f + toR b * dot4 z i g)) +
         (lin z (S (S (S (S i)))) (comb a v b w) -
          (toR a * lin z (S (S (S (S i)))) v + toR b * lin z (S (S (S (S i)))) w))) by ring end.
      rewrite !loss_plus in Sc. pose proof (Sum _ _ _ _ Sc K). lra.
Qed.
End Losses.

(** * Negatives, which are exact *)

Definition opposite4 (f : four) : four := Four (- f0 f) (- f1 f) (- f2 f) (- f3 f).
Fixpoint vopp (v : vec) : vec :=
  match v with
  | End => End | Skip v => Skip (vopp v) | Part f v => Part (opposite4 f) (vopp v)
  end.
Lemma toR_opp f : toR (- f) = - toR f.
Proof. unfold toR, F.toR. rewrite F.toX_neg. destruct (F.toX f); simpl; lra. Qed.
Lemma vopp_ok z v : forall i, lin z i (vopp v) = - lin z i v.
Proof.
  induction v; intros i; simpl; [lra|auto|]. rewrite IHv. unfold dot4. simpl. rewrite !toR_opp. ring.
Qed.
Lemma vopp_total v : total (vopp v) = total v.
Proof.
  induction v; simpl; auto. rewrite IHv. unfold sum4. simpl. now rewrite !toR_opp, !Rabs_Ropp.
Qed.
