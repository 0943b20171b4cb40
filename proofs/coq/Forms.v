(** Quadratic forms: for each chunk of four variables their rows, from that chunk on. *)
From Coq Require Import Reals List Lra Lia Psatz Bool Floats.
From Flocq.Core Require Import Zaux Raux.
From Certify Require Import Intervals Arithmetic Rounding Vectors.
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
Definition outer_rows (a b : four) (v w : vec) : rows :=
  Rows (Part (scale4 (f0 a) b) (comb (f0 a) w (f0 b) v))
       (Part (scale4 (f1 a) b) (comb (f1 a) w (f1 b) v))
       (Part (scale4 (f2 a) b) (comb (f2 a) w (f2 b) v))
       (Part (scale4 (f3 a) b) (comb (f3 a) w (f3 b) v)).
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

(** A row of a product: [a] times a form with the first chunk [k], and [b] times the rest [v]. *)
Lemma outer_row_ok a b k v w i : all4 (scale4 a k) /\ all_finite (comb a w b v) ->
  Rabs (lin z i (Part (scale4 a k) (comb a w b v)) -
    (toR a * (dot4 z i k + lin z (4 + i) w) + toR b * lin z (4 + i) v)) <=
  loss a (total (Part k w)) + loss b (total v).
Proof.
  intros [A B]. pose proof (scale4_ok z Z a k i A) as K. pose proof (comb_ok z Z a w b v (4 + i) B) as L.
  pose proof (sum_bound _ _ _ _ K L) as M. simpl total.
  replace (sum4 k + (total w + tau)) with (sum4 k + tau + total w) by ring. rewrite (loss_plus a (sum4 k + tau)).
  simpl lin.
  match goal with |- Rabs ?e <= _ => match type of M with Rabs ?f <= _ => replace e with f by (simpl plus; ring) end end.
  lra.
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
      pose proof (four_rows _ _ _ _ _ _ _ _ _ _ _ _ i (outer_row_ok _ _ _ _ _ i A)
        (outer_row_ok _ _ _ _ _ i B) (outer_row_ok _ _ _ _ _ i C) (outer_row_ok _ _ _ _ _ i D)) as K.
      pose proof (IH w (4 + i)%nat Hq) as L.
      match type of K with _ <= ?r => replace r with
        (4 * u * ((sum4 a + tau) * total (Part b w)) + 4 * u * ((sum4 b + tau) * total v)) in K
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
