(** Ranges of the functions of the language, of their slopes and of their second derivatives. *)
From Coq Require Import Reals List ZArith Lra Lia Psatz Bool Floats.
From Interval Require Import Float.Basic Real.Xreal Interval.Interval.
From Certify Require Import Language Intervals Arithmetic Bounds Tanh.
Local Open Scope R_scope.

Notation sqrt := R_sqrt.sqrt (only parsing).

(** * Functions of coq-interval *)

Definition sin_range (a : interval) : interval := of (I.sin p53 (to a)).
Definition cos_range (a : interval) : interval := of (I.cos p53 (to a)).
Definition atan_range (a : interval) : interval := of (I.atan p53 (to a)).
Definition log_range (a : interval) : interval := of (I.ln p53 (to a)).
Definition sqrt_range (a : interval) : interval := of (I.sqrt p53 (to a)).
Definition power (n : nat) (a : interval) : interval := of (I.power_int p53 (to a) (Z.of_nat n)).
Definition natural (n : nat) : interval := of (I.fromZ p53 (Z.of_nat n)).

Lemma sin_ok a x : contains a x -> contains (sin_range a) (sin x).
Proof. intros H. apply of_ok, (I.sin_correct p53 (to a) (Xreal x)). now apply to_iff. Qed.
Lemma cos_ok a x : contains a x -> contains (cos_range a) (cos x).
Proof. intros H. apply of_ok, (I.cos_correct p53 (to a) (Xreal x)). now apply to_iff. Qed.
Lemma atan_ok a x : contains a x -> contains (atan_range a) (atan x).
Proof. intros H. apply of_ok, (I.atan_correct p53 (to a) (Xreal x)). now apply to_iff. Qed.
Lemma log_ok a x : contains a x -> 0 < x -> contains (log_range a) (ln x).
Proof.
  intros H P. apply of_ok. pose proof (I.ln_correct p53 (to a) (Xreal x) (proj1 (to_iff _ _) H)) as K.
  simpl in K. unfold Xln' in K. destruct (is_positive_spec x); [exact K|lra].
Qed.
Lemma sqrt_ok a x : contains a x -> 0 <= x -> contains (sqrt_range a) (sqrt x).
Proof.
  intros H P. apply of_ok. exact (I.sqrt_correct p53 (to a) (Xreal x) (proj1 (to_iff _ _) H)).
Qed.
Lemma power_ok n a x : contains a x -> contains (power n a) (x ^ n).
Proof.
  intros H. apply of_ok.
  pose proof (I.power_int_correct p53 (Z.of_nat n) (to a) (Xreal x) (proj1 (to_iff _ _) H)) as K.
  simpl in K. destruct n; simpl in K; [exact K|]. rewrite SuccNat2Pos.id_succ in K. exact K.
Qed.
Lemma natural_ok n : contains (natural n) (INR n).
Proof. apply of_ok. rewrite INR_IZR_INZ. exact (I.fromZ_correct p53 (Z.of_nat n)). Qed.

Definition relu_range (a : interval) : interval :=
  Ends (if is_lt 0 (low a) then low a else 0) (if is_le (high a) 0 then 0%float else high a).
Lemma relu_ok a x : contains a x -> contains (relu_range a) (Rmax x 0).
Proof.
  intros [L U]. split; cbn [low high relu_range].
  - destruct is_lt; [|apply finite_lower; auto; rewrite toR_0; apply Rmax_r].
    apply (lower_le _ x); auto. apply Rmax_l.
  - destruct (is_le (high a) 0) eqn:E.
    + apply finite_upper; auto. rewrite toR_0.
      pose proof (finite_ge 0 _ _ U eq_refl E) as K. rewrite toR_0 in K. rewrite Rmax_right; lra.
    + destruct (Rle_dec x 0) as [N|N]; [|now rewrite Rmax_left by lra].
      rewrite Rmax_right by auto.
      (* the end is above 0 or bounds nothing *)
      destruct U as [V U]. split; auto. destruct (F.toX (high a)) as [|r] eqn:X; auto.
      assert (A : finite (high a) = true) by (rewrite finite_real, F.real_correct, X; reflexivity).
      unfold is_le in E. rewrite (cmp_real _ 0%float A) in E by auto. rewrite toR_0 in E.
      pose proof (finite_X _ A) as Y. rewrite X in Y. inversion Y.
      destruct (Raux.Rcompare_spec (toR (high a)) 0); try discriminate; lra.
Qed.

Definition minus_one := neg one.
Lemma minus_one_ok : contains minus_one (-1). Proof. apply neg_ok, one_ok. Qed.
Definition unit_ := Ends 0 1.
Lemma unit_ok t : 0 <= t <= 1 -> contains unit_ t.
Proof.
  intros H. split; [apply finite_lower|apply finite_upper]; auto; cbn [low high unit_];
    rewrite ?toR_0, ?toR_1; lra.
Qed.

Definition abs_range (a : interval) : interval :=
  if nonnegative a then a else if nonpositive a then neg a else Ends 0 (size a).
Lemma abs_ok a x : contains a x -> contains (abs_range a) (Rabs x).
Proof.
  intros H. unfold abs_range. destruct (nonnegative a) eqn:P.
  { rewrite Rabs_pos_eq; auto. eapply nonnegative_ok; eauto. }
  destruct (nonpositive a) eqn:N.
  { rewrite Rabs_left1; [now apply neg_ok|]. eapply nonpositive_ok; eauto. }
  split; [|now apply size_ok]. apply finite_lower; auto. simpl. rewrite toR_0. apply Rabs_pos.
Qed.

(** * Where they are defined *)

Definition all_value (g : fn) (a : interval) : bool :=
  match g with
  | Log => positive a | Sqrt => nonnegative a | Recip => positive a || negative a | _ => true
  end.
Definition all_slope (g : fn) (a : interval) : bool :=
  match g with Log | Sqrt => positive a | Recip => positive a || negative a | _ => true end.
Definition all_bend (g : fn) (a : interval) : bool :=
  match g with
  | Log | Sqrt => positive a | Recip | Relu | Abs => positive a || negative a | _ => true
  end.

Lemma not_zero a x : positive a || negative a = true -> contains a x -> x <> 0.
Proof.
  intros H C. apply orb_prop in H; destruct H as [H|H].
  - pose proof (positive_ok _ _ H C). lra.
  - pose proof (negative_ok _ _ H C). lra.
Qed.
Lemma all_value_ok g a x : all_value g a = true -> contains a x -> has_value g x.
Proof.
  destruct g; simpl; auto; intros H C;
    [eapply positive_ok|eapply nonnegative_ok|eapply not_zero]; eauto.
Qed.
Lemma all_slope_ok g a x : all_slope g a = true -> contains a x -> has_slope g x.
Proof.
  destruct g; simpl; auto; intros H C;
    [eapply positive_ok|eapply positive_ok|eapply not_zero]; eauto.
Qed.
Lemma all_bend_ok g a x : all_bend g a = true -> contains a x -> has_bend g x.
Proof.
  destruct g; simpl; auto; intros H C;
    try (eapply positive_ok; eauto; fail); eapply not_zero; eauto.
Qed.

(** * Ranges *)

Definition value_range (g : fn) (a : interval) : interval :=
  match g with
  | Relu => relu_range a | Abs => abs_range a
  | Sin => sin_range a | Cos => cos_range a | Tanh => tanh_range a | Exp => exp_range a
  | Atan => atan_range a | Log => log_range a | Sqrt => sqrt_range a | Recip => inv a
  | Pow n => power n a
  end.
Lemma value_range_ok g a x : contains a x -> has_value g x -> contains (value_range g a) (value_of g x).
Proof.
  destruct g; simpl; intros H D.
  - now apply relu_ok.
  - now apply abs_ok.
  - now apply sin_ok.
  - now apply cos_ok.
  - now apply tanh_range_ok.
  - now apply exp_range_ok.
  - now apply atan_ok.
  - now apply log_ok.
  - now apply sqrt_ok.
  - now apply inv_ok.
  - now apply power_ok.
Qed.

Definition step_range (a : interval) : interval :=
  if positive a then one else if negative a then zero else unit_.
Lemma step_range_ok a t x : 0 <= t <= 1 -> contains a x -> contains (step_range a) (step t x).
Proof.
  intros T H. unfold step_range, step; simpl. destruct (positive a) eqn:P.
  { pose proof (positive_ok _ _ P H). destruct Rlt_dec; [apply one_ok|lra]. }
  destruct (negative a) eqn:N.
  { pose proof (negative_ok _ _ N H). destruct Rlt_dec; [lra|]. destruct Rlt_dec; [apply zero_ok|lra]. }
  apply unit_ok. destruct Rlt_dec; [lra|]. destruct Rlt_dec; lra.
Qed.

Definition tanh_slope (a : interval) : interval := sub one (sqr (tanh_range a)).
Lemma tanh_slope_ok a x : contains a x -> contains (tanh_slope a) (1 - tanh x * tanh x).
Proof. intros H. apply sub_ok; [apply one_ok|]. now apply sqr_ok, tanh_range_ok. Qed.

Definition slope_range (g : fn) (a : interval) : interval :=
  match g with
  | Relu => step_range a
  | Abs => if positive a then one else if negative a then minus_one else Ends (-1) 1
  | Sin => cos_range a | Cos => neg (sin_range a) | Tanh => tanh_slope a | Exp => exp_range a
  | Atan => inv (add one (sqr a)) | Log => inv a | Sqrt => inv (mul two (sqrt_range a))
  | Recip => neg (sqr (inv a))
  | Pow n => mul (natural n) (power (pred n) a)
  end.
Lemma slope_range_ok g a t x : 0 <= t <= 1 -> contains a x -> has_slope g x ->
  contains (slope_range g a) (slope_of t g x).
Proof.
  destruct g; intros T H D.
  - now apply step_range_ok.
  - unfold slope_range, slope_of. destruct (positive a) eqn:P.
    { pose proof (positive_ok _ _ P H). destruct Rlt_dec; [|lra].
      replace (2 * 1 - 1) with 1 by ring. apply one_ok. }
    destruct (negative a) eqn:N.
    { pose proof (negative_ok _ _ N H). destruct Rlt_dec; [lra|]. destruct Rlt_dec; [|lra].
      replace (2 * 0 - 1) with (-1) by ring. apply minus_one_ok. }
    apply (balanced_ok 1 _ 1); [apply finite_upper; auto; rewrite toR_1; lra|].
    unfold Rabs; destruct Rcase_abs; destruct Rlt_dec; try destruct Rlt_dec; lra.
  - now apply cos_ok.
  - now apply neg_ok, sin_ok.
  - now apply tanh_slope_ok.
  - now apply exp_range_ok.
  - simpl. apply inv_ok; [|nra]. apply add_ok; [apply one_ok|now apply sqr_ok].
  - simpl in *. apply inv_ok; auto. lra.
  - simpl in *. pose proof (sqrt_lt_R0 x D). apply inv_ok; [|lra].
    apply mul_ok; [apply two_ok|apply sqrt_ok; auto; lra].
  - simpl in *. apply neg_ok, sqr_ok, inv_ok; auto.
  - simpl. apply mul_ok; [apply natural_ok|now apply power_ok].
Qed.

Definition bend_range (g : fn) (a : interval) : interval :=
  match g with
  | Relu | Abs => zero
  | Sin => neg (sin_range a) | Cos => neg (cos_range a)
  | Tanh => mul (neg two) (mul (tanh_range a) (tanh_slope a)) | Exp => exp_range a
  | Atan => mul (neg two) (mul a (sqr (inv (add one (sqr a)))))
  | Log => neg (sqr (inv a))
  | Sqrt => let r := sqrt_range a in neg (inv (mul (add two two) (mul r (sqr r))))
  | Recip => let r := inv a in mul two (mul r (sqr r))
  | Pow n => mul (mul (natural n) (natural (pred n))) (power (pred (pred n)) a)
  end.
Lemma bend_range_ok g a x : contains a x -> has_bend g x -> contains (bend_range g a) (bend_of g x).
Proof.
  assert (M : contains (neg two) (-2)) by apply neg_ok, two_ok.
  destruct g; simpl; intros H D; try apply zero_ok.
  - now apply neg_ok, sin_ok.
  - now apply neg_ok, cos_ok.
  - apply mul_ok; auto. apply mul_ok; [now apply tanh_range_ok|now apply tanh_slope_ok].
  - now apply exp_range_ok.
  - apply mul_ok; auto. apply mul_ok; auto. apply sqr_ok, inv_ok; [|nra].
    apply add_ok; [apply one_ok|now apply sqr_ok].
  - apply neg_ok, sqr_ok, inv_ok; auto. lra.
  - pose proof (sqrt_lt_R0 x D). assert (S : contains (sqrt_range a) (sqrt x)) by (apply sqrt_ok; auto; lra).
    assert (P : 0 < sqrt x * (sqrt x * sqrt x)) by (repeat apply Rmult_lt_0_compat; auto).
    apply neg_ok, inv_ok; [|lra]. apply mul_ok; [|now apply mul_ok; [|apply sqr_ok]].
    replace 4 with (2 + 2) by ring. apply add_ok; apply two_ok.
  - assert (S : contains (inv a) (/ x)) by (apply inv_ok; auto).
    apply mul_ok; [apply two_ok|]. now apply mul_ok; [|apply sqr_ok].
  - apply mul_ok; [|now apply power_ok]. apply mul_ok; apply natural_ok.
Qed.

(** * Two at once, for what they share *)

Definition value_bend (g : fn) (a : interval) : interval * interval :=
  match g with
  | Tanh => let v := tanh_range a in (v, mul (neg two) (mul v (sub one (sqr v))))
  | Sin => let v := sin_range a in (v, neg v)
  | Cos => let v := cos_range a in (v, neg v)
  | Exp => let v := exp_range a in (v, v)
  | _ => (value_range g a, bend_range g a)
  end.
Lemma value_bend_eq g a : value_bend g a = (value_range g a, bend_range g a).
Proof. destruct g; reflexivity. Qed.
Definition value_slope (g : fn) (a : interval) : interval * interval :=
  match g with
  | Tanh => let v := tanh_range a in (v, sub one (sqr v))
  | Exp => let v := exp_range a in (v, v)
  | _ => (value_range g a, slope_range g a)
  end.
Lemma value_slope_eq g a : value_slope g a = (value_range g a, slope_range g a).
Proof. destruct g; reflexivity. Qed.
