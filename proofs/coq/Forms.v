(** Quadratic forms: for each chunk of four variables their rows, from that chunk on. *)
From Coq Require Import Reals List Lra Lia Psatz Bool Floats.
From Flocq.Core Require Import Zaux Raux.
From Certify Require Import Intervals Arithmetic Bounds Rounding Vectors Combinations.
Import ListNotations.
Local Open Scope R_scope.

Record rows := Rows { r0 : vec; r1 : vec; r2 : vec; r3 : vec }.
Notation form := (list rows).
Notation u := unit_roundoff.

Definition block (z : nat -> R) (i : nat) (r : rows) : R :=
  z i * lin z i (r0 r) + z (1 + i)%nat * lin z i (r1 r) + z (2 + i)%nat * lin z i (r2 r) +
  z (3 + i)%nat * lin z i (r3 r).
Fixpoint quad (z : nat -> R) (i : nat) (q : form) : R :=
  match q with [] => 0 | r :: q => block z i r + quad z (4 + i) q end.

Definition total_rows (r : rows) : R := total (r0 r) + total (r1 r) + total (r2 r) + total (r3 r).
Fixpoint total_form (q : form) : R :=
  match q with [] => 0 | r :: q => total_rows r + (total_form q + tau) end.
Fixpoint norm_form (q : form) : float :=
  match q with
  | [] => 0
  | r :: q => grow (norm (r0 r)) (norm (r1 r)) (norm (r2 r)) (norm (r3 r)) (norm_form q)
  end.
Definition finite_rows (r : rows) : Prop :=
  all_finite (r0 r) /\ all_finite (r1 r) /\ all_finite (r2 r) /\ all_finite (r3 r).
Definition finite_form : form -> Prop := List.Forall finite_rows.

Lemma total_rows_pos r : 0 <= total_rows r.
Proof. unfold total_rows. repeat apply Rplus_le_le_0_compat; apply total_pos. Qed.
Lemma total_form_pos q : 0 <= total_form q.
Proof. pose proof tau_pos. induction q as [|r q IH]; simpl; [lra|]. pose proof (total_rows_pos r). lra. Qed.
Lemma norm_form_finite q : finite (norm_form q) = true -> finite_form q.
Proof.
  induction q as [|r q IH]; simpl; intros H; constructor; apply grow_finite in H.
  - unfold finite_rows. repeat split; apply norm_finite; tauto.
  - apply IH. tauto.
Qed.
Lemma norm_form_ok q : finite (norm_form q) = true -> 0 <= total_form q <= toR (norm_form q).
Proof.
  intros H. split; [apply total_form_pos|]. revert H. induction q as [|r q IH]; simpl; intros H.
  - rewrite toR_0. lra.
  - pose proof (grow_finite _ _ _ _ _ H) as G. unfold total_rows.
    apply grow_ok; auto; try (apply norm_ok; tauto). split; [apply total_form_pos|apply IH; tauto].
Qed.

Definition on_rows (f : vec -> vec) (r : rows) : rows :=
  Rows (f (r0 r)) (f (r1 r)) (f (r2 r)) (f (r3 r)).
Definition qscale (a : float) : form -> form := map (fun r =>
  Rows (vscale a (r0 r)) (vscale a (r1 r)) (vscale a (r2 r)) (vscale a (r3 r))).
Definition qopp : form -> form := map (on_rows vopp).
Definition comb_rows (a : float) (r : rows) (b : float) (t : rows) : rows :=
  Rows (comb a (r0 r) b (r0 t)) (comb a (r1 r) b (r1 t)) (comb a (r2 r) b (r2 t))
       (comb a (r3 r) b (r3 t)).
Fixpoint qcomb (a : float) (p : form) (b : float) (q : form) : form :=
  match p, q with
  | [], q => qscale b q
  | p, [] => qscale a p
  | r :: p, t :: q => comb_rows a r b t :: qcomb a p b q
  end.

(** The product of two linear forms. *)
Definition pairs0 (a b : four) : four :=
  Four (f0 a * f0 b) (f0 a * f1 b + f1 a * f0 b) (f0 a * f2 b + f2 a * f0 b) (f0 a * f3 b + f3 a * f0 b).
Definition pairs1 (a b : four) : four :=
  Four 0 (f1 a * f1 b) (f1 a * f2 b + f2 a * f1 b) (f1 a * f3 b + f3 a * f1 b).
Definition pairs2 (a b : four) : four := Four 0 0 (f2 a * f2 b) (f2 a * f3 b + f3 a * f2 b).
Definition pairs3 (a b : four) : four := Four 0 0 0 (f3 a * f3 b).
Definition outer_rows (a b : four) (v w : vec) : rows :=
  Rows (Part (pairs0 a b) (comb (f0 a) w (f0 b) v)) (Part (pairs1 a b) (comb (f1 a) w (f1 b) v))
       (Part (pairs2 a b) (comb (f2 a) w (f2 b) v)) (Part (pairs3 a b) (comb (f3 a) w (f3 b) v)).
Definition skip_rows (a : four) (v : vec) : rows :=
  Rows (Skip (vscale (f0 a) v)) (Skip (vscale (f1 a) v)) (Skip (vscale (f2 a) v))
       (Skip (vscale (f3 a) v)).
Fixpoint outer (v w : vec) : form :=
  match v, w with
  | End, _ | _, End => []
  | Skip v, Skip w => Rows End End End End :: outer v w
  | Skip v, Part b w => skip_rows b v :: outer v w
  | Part a v, Skip w => skip_rows a w :: outer v w
  | Part a v, Part b w => outer_rows a b v w :: outer v w
  end.

Lemma qopp_ok z q : forall i, quad z i (qopp q) = - quad z i q.
Proof.
  induction q as [|r q IH]; intros i; simpl; [lra|]. rewrite IH. unfold block. simpl.
  rewrite !vopp_ok. ring.
Qed.
Lemma qopp_total q : total_form (qopp q) = total_form q.
Proof.
  induction q as [|r q IH]; simpl; auto. rewrite IH. unfold total_rows. simpl. now rewrite !vopp_total.
Qed.

Section Losses.
Variable z : nat -> R.
Hypothesis Z : forall i, in_unit (z i).

Lemma scaled_bound x e b : in_unit x -> Rabs e <= b -> Rabs (x * e) <= b.
Proof. intros X E. rewrite Rmult_comm. pose proof (times_unit e x X). lra. Qed.
Lemma sum4_bound a b c d x y v w : Rabs a <= x -> Rabs b <= y -> Rabs c <= v -> Rabs d <= w ->
  Rabs (a + b + c + d) <= x + y + v + w.
Proof. intros. pose proof (triangle4 a b c d). lra. Qed.
Lemma sum_bound a b x y : Rabs a <= x -> Rabs b <= y -> Rabs (a + b) <= x + y.
Proof. intros. pose proof (Rabs_triang a b). lra. Qed.

Lemma block_bound i r : Rabs (block z i r) <= total_rows r.
Proof. apply sum4_bound; apply scaled_bound; auto; now apply lin_bound. Qed.
Lemma quad_bound q : forall i, Rabs (quad z i q) <= total_form q.
Proof.
  pose proof tau_pos. induction q as [|r q IH]; intros i; simpl; [rewrite Rabs_R0; lra|].
  pose proof (sum_bound _ _ _ _ (block_bound i r) (IH (S (S (S (S i)))))). lra.
Qed.

Lemma loss_rows a r : loss a (total_rows r) =
  loss a (total (r0 r)) + loss a (total (r1 r)) + loss a (total (r2 r)) + loss a (total (r3 r)).
Proof. unfold total_rows, loss. ring. Qed.
Lemma loss_tau a : 0 <= loss a tau. Proof. apply loss_pos. pose proof tau_pos. lra. Qed.

(** Four rows at once, from the error of each. *)
Lemma four_rows x0 x1 x2 x3 y0 y1 y2 y3 b0 b1 b2 b3 i :
  Rabs (x0 - y0) <= b0 -> Rabs (x1 - y1) <= b1 -> Rabs (x2 - y2) <= b2 -> Rabs (x3 - y3) <= b3 ->
  Rabs (z i * x0 + z (1 + i)%nat * x1 + z (2 + i)%nat * x2 + z (3 + i)%nat * x3 -
       (z i * y0 + z (1 + i)%nat * y1 + z (2 + i)%nat * y2 + z (3 + i)%nat * y3)) <= b0 + b1 + b2 + b3.
Proof.
  intros.
  match goal with |- Rabs ?e <= _ => replace e with (z i * (x0 - y0) + z (1 + i)%nat * (x1 - y1) +
    z (2 + i)%nat * (x2 - y2) + z (3 + i)%nat * (x3 - y3)) by ring end.
  apply sum4_bound; now apply scaled_bound.
Qed.

Lemma qscale_ok a q : forall i, finite_form (qscale a q) ->
  Rabs (quad z i (qscale a q) - toR a * quad z i q) <= loss a (total_form q).
Proof.
  induction q as [|r q IH]; intros i H; simpl.
  - rewrite Rmult_0_r, Rminus_0_r, Rabs_R0. apply loss_pos; lra.
  - inversion H as [|x y [A [B [C D]]] Hq]; subst. simpl in A, B, C, D.
    pose proof (four_rows _ _ _ _ _ _ _ _ _ _ _ _ i (vscale_ok z Z _ _ i A) (vscale_ok z Z _ _ i B)
      (vscale_ok z Z _ _ i C) (vscale_ok z Z _ _ i D)) as K.
    pose proof (IH (S (S (S (S i)))) Hq) as L. pose proof (loss_tau a).
    replace (total_rows r + (total_form q + tau)) with (total_rows r + total_form q + tau) by ring.
    rewrite !loss_plus, loss_rows. unfold block. cbn [r0 r1 r2 r3]. pose proof (sum_bound _ _ _ _ K L) as M.
    match goal with |- Rabs ?e <= _ => match type of M with Rabs ?f <= _ => replace e with f by ring end end.
    lra.
Qed.

Lemma qcomb_ok a p : forall b q i, finite_form (qcomb a p b q) ->
  Rabs (quad z i (qcomb a p b q) - (toR a * quad z i p + toR b * quad z i q)) <=
  loss a (total_form p) + loss b (total_form q).
Proof.
  induction p as [|r p IH]; intros b q i H.
  - simpl in *. rewrite Rmult_0_r, Rplus_0_l. pose proof (qscale_ok b q i H).
    pose proof (loss_pos a 0 (Rle_refl _)). lra.
  - destruct q as [|t q].
    + change (qcomb a (r :: p) b []) with (qscale a (r :: p)) in *.
      change (quad z i []) with 0. rewrite Rmult_0_r, Rplus_0_r. pose proof (qscale_ok a (r :: p) i H).
      pose proof (loss_pos b 0 (Rle_refl _)). change (total_form []) with 0. lra.
    + inversion H as [|x y [A [B [C D]]] Hq]; subst. simpl in A, B, C, D.
      pose proof (four_rows _ _ _ _ _ _ _ _ _ _ _ _ i (comb_ok z Z _ _ _ _ i A)
        (comb_ok z Z _ _ _ _ i B) (comb_ok z Z _ _ _ _ i C) (comb_ok z Z _ _ _ _ i D)) as K.
      pose proof (IH b q (S (S (S (S i)))) Hq) as L. pose proof (loss_tau a). pose proof (loss_tau b).
      simpl total_form.
      replace (total_rows r + (total_form p + tau)) with (total_rows r + total_form p + tau) by ring.
      replace (total_rows t + (total_form q + tau)) with (total_rows t + total_form q + tau) by ring.
      rewrite !loss_plus, !loss_rows. simpl. unfold block. cbn [r0 r1 r2 r3 comb_rows].
      pose proof (sum_bound _ _ _ _ K L) as M.
      match goal with |- Rabs ?e <= _ => match type of M with Rabs ?f <= _ => replace e with f by (cbv [plus]; ring) end end.
      lra.
Qed.

(** The products of two chunks. *)
Lemma pairs_ok a b i : all4 (pairs0 a b) -> all4 (pairs1 a b) -> all4 (pairs2 a b) ->
  all4 (pairs3 a b) ->
  Rabs (z i * dot4 z i (pairs0 a b) + z (1 + i)%nat * dot4 z i (pairs1 a b) +
        z (2 + i)%nat * dot4 z i (pairs2 a b) + z (3 + i)%nat * dot4 z i (pairs3 a b) -
        dot4 z i a * dot4 z i b) <= 4 * u * ((sum4 a + tau) * (sum4 b + tau)).
Proof.
  intros (A0 & A1 & A2 & A3) (_ & B1 & B2 & B3) (_ & _ & C2 & C3) (_ & _ & _ & D3).
  simpl in *.
  assert (N : Rabs 0 <= 0) by (rewrite Rabs_R0; lra).
  pose proof (weighted4 z Z _ _ _ _ _ _ _ _ i (scale_error _ _ A0) (comb_error _ _ _ _ A1)
    (comb_error _ _ _ _ A2) (comb_error _ _ _ _ A3)) as R0'.
  pose proof (weighted4 z Z _ _ _ _ _ _ _ _ i N (scale_error _ _ B1) (comb_error _ _ _ _ B2)
    (comb_error _ _ _ _ B3)) as R1'.
  pose proof (weighted4 z Z _ _ _ _ _ _ _ _ i N N (scale_error _ _ C2) (comb_error _ _ _ _ C3)) as R2'.
  pose proof (weighted4 z Z _ _ _ _ _ _ _ _ i N N N (scale_error _ _ D3)) as R3'.
  pose proof (sum4_bound _ _ _ _ _ _ _ _ (scaled_bound _ _ _ (Z i) R0')
    (scaled_bound _ _ _ (Z (1 + i)%nat) R1') (scaled_bound _ _ _ (Z (2 + i)%nat) R2')
    (scaled_bound _ _ _ (Z (3 + i)%nat) R3')) as M.
  eapply Rle_trans; [|eapply Rle_trans; [exact M|]].
  - right. f_equal. unfold dot4. simpl. rewrite toR_0. ring.
  - clear M R0' R1' R2' R3'. pose proof smallest_covered as SC. pose proof smallest_pos. pose proof u_small.
    pose proof tau_pos. pose proof theta_pos. pose proof theta_tau as TT.
    pose proof (sum4_pos a). pose proof (sum4_pos b).
    assert (0 <= u * (tau * sum4 a)) by (apply pos3; lra).
    assert (0 <= u * (tau * sum4 b)) by (apply pos3; lra).
    assert (T : u * (tau * tau) = 4 * (u * (theta * tau))) by (rewrite <- TT at 1; ring).
    replace (4 * u * ((sum4 a + tau) * (sum4 b + tau))) with
      (4 * (u * (sum4 a * sum4 b)) + 4 * (u * (tau * sum4 a)) + 4 * (u * (tau * sum4 b)) + 4 * (u * (tau * tau))) by ring.
    rewrite T. unfold sum4 in *.
    assert (P : forall x y, 0 <= u * (Rabs x * Rabs y)) by (intros; apply pos3; try apply Rabs_pos; lra).
    pose proof (P (toR (f0 a)) (toR (f0 b))). pose proof (P (toR (f1 a)) (toR (f1 b))).
    pose proof (P (toR (f2 a)) (toR (f2 b))). pose proof (P (toR (f3 a)) (toR (f3 b))). lra.
Qed.
Lemma loss4 g t : loss (f0 g) t + loss (f1 g) t + loss (f2 g) t + loss (f3 g) t =
  4 * u * ((sum4 g + tau) * t).
Proof. unfold loss, sum4. rewrite <- theta_tau. ring. Qed.

Lemma outer_ok v : forall w i, finite_form (outer v w) ->
  Rabs (quad z i (outer v w) - lin z i v * lin z i w) <= 8 * u * (total v * total w).
Proof.
  pose proof u_small as U. pose proof tau_pos as T.
  induction v as [|v IH|a v IH]; intros w i H.
  - simpl. rewrite !Rmult_0_l, Rminus_0_r, Rabs_R0. lra.
  - destruct w as [|w|b w].
    + simpl. rewrite !Rmult_0_r, Rminus_0_r, Rabs_R0. lra.
    + inversion H as [|? ? ? Hq]; subst. simpl. unfold block. simpl.
      rewrite !Rmult_0_r, !Rplus_0_l. now apply IH.
    + inversion H as [|x y [A [B [C D]]] Hq]; subst. simpl in A, B, C, D.
      pose proof (four_rows _ _ _ _ _ _ _ _ _ _ _ _ i (vscale_ok z Z _ _ (4 + i) A)
        (vscale_ok z Z _ _ (4 + i) B) (vscale_ok z Z _ _ (4 + i) C) (vscale_ok z Z _ _ (4 + i) D)) as K.
      pose proof (IH w (4 + i)%nat Hq) as L. rewrite loss4 in K.
      pose proof (sum_bound _ _ _ _ K L) as M. clear K L.
      pose proof (total_pos v). pose proof (total_pos w). pose proof (sum4_pos b).
      assert (0 <= u * (total v * (sum4 b + tau))) by (apply pos3; lra).
      eapply Rle_trans; [|apply (Rle_trans _ (4 * u * ((sum4 b + tau) * total v) + 8 * u * (total v * total w)));
        [exact M|simpl total; lra]].
      right. f_equal. simpl. unfold block, dot4. simpl. ring.
  - destruct w as [|w|b w].
    + simpl. rewrite !Rmult_0_r, Rminus_0_r, Rabs_R0. lra.
    + inversion H as [|x y [A [B [C D]]] Hq]; subst. simpl in A, B, C, D.
      pose proof (four_rows _ _ _ _ _ _ _ _ _ _ _ _ i (vscale_ok z Z _ _ (4 + i) A)
        (vscale_ok z Z _ _ (4 + i) B) (vscale_ok z Z _ _ (4 + i) C) (vscale_ok z Z _ _ (4 + i) D)) as K.
      pose proof (IH w (4 + i)%nat Hq) as L. rewrite loss4 in K.
      pose proof (sum_bound _ _ _ _ K L) as M. clear K L.
      pose proof (total_pos v). pose proof (total_pos w). pose proof (sum4_pos a).
      assert (0 <= u * (total w * (sum4 a + tau))) by (apply pos3; lra).
      eapply Rle_trans; [|apply (Rle_trans _ (4 * u * ((sum4 a + tau) * total w) + 8 * u * (total v * total w)));
        [exact M|simpl total; lra]].
      right. f_equal. simpl. unfold block, dot4. simpl. ring.
    + inversion H as [|x y [A [B [C D]]] Hq]; subst.
      destruct A as [A A'], B as [B B'], C as [C C'], D as [D D'].
      pose proof (sum_bound _ _ _ _ (pairs_ok a b i A B C D)
        (four_rows _ _ _ _ _ _ _ _ _ _ _ _ i (comb_ok z Z _ _ _ _ (4 + i) A')
          (comb_ok z Z _ _ _ _ (4 + i) B') (comb_ok z Z _ _ _ _ (4 + i) C')
          (comb_ok z Z _ _ _ _ (4 + i) D'))) as K.
      pose proof (IH w (4 + i)%nat Hq) as L.
      match type of K with _ <= _ + ?r => replace r with
        (4 * u * ((sum4 a + tau) * total w) + 4 * u * ((sum4 b + tau) * total v)) in K
        by (rewrite <- !loss4; ring) end.
      pose proof (sum_bound _ _ _ _ K L) as M. clear K L.
      pose proof (total_pos v). pose proof (total_pos w). pose proof (sum4_pos a). pose proof (sum4_pos b).
      eapply Rle_trans; [|eapply Rle_trans; [exact M|]].
      * right. f_equal. simpl. unfold block. simpl. unfold dot4. simpl. ring.
      * simpl total. set (ga := sum4 a + tau). set (gb := sum4 b + tau).
        replace (sum4 a + (total v + tau)) with (ga + total v) by (unfold ga; ring).
        replace (sum4 b + (total w + tau)) with (gb + total w) by (unfold gb; ring).
        assert (0 <= u * (ga * gb)) by (apply pos3; unfold ga, gb; lra).
        assert (0 <= u * (ga * total w)) by (apply pos3; unfold ga; lra).
        assert (0 <= u * (gb * total v)) by (apply pos3; unfold gb; lra). lra.
Qed.
End Losses.
