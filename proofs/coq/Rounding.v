(** What one rounding loses, in terms of what was computed: sums and products of binary64 numbers.

    From Flocq's proofs that primitive floats are IEEE 754 binary64 (S. Boldo, G. Melquiond, Flocq,
    2011; N. Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 2.2). *)
From Coq Require Import Reals ZArith Lra Lia Psatz Bool Floats.
From Flocq Require Import Core.
From Flocq.Prop Require Import Relative Plus_error.
From Flocq.IEEE754 Require Import BinarySingleNaN.
From Flocq.IEEE754 Require PrimFloat.
From Interval Require Import Float.Basic Float.Sig Real.Xreal Float.Primitive_ops.
From Certify Require Import Intervals Arithmetic Bounds.
Local Open Scope R_scope.

Notation binary := IEEE754.PrimFloat.Prim2B.

(** [unit_roundoff] is 2^-53; [smallest] is half of the smallest positive number. *)
Definition unit_roundoff : R := / 9007199254740992.
Definition smallest : R := bpow radix2 (-1075).
Lemma roundoff_eq : / 2 * bpow radix2 (- 53 + 1) = unit_roundoff.
Proof. unfold unit_roundoff. simpl. lra. Qed.
Lemma smallest_eq : / 2 * bpow radix2 (-1074) = smallest.
Proof. unfold smallest. change (-1075)%Z with (-1 + -1074)%Z. rewrite bpow_plus. simpl. lra. Qed.
Lemma smallest_pos : 0 < smallest. Proof. apply bpow_gt_0. Qed.

Lemma toR_binary f : finite f = is_finite (binary f) /\ toR f = B2R (binary f).
Proof.
  rewrite finite_real. unfold toR, F.toR. rewrite F.real_correct, F.toX_Prim2B.
  destruct (binary f); simpl; auto. split; auto. unfold F.BtoX. simpl. 
  rewrite FtoR_split. destruct s; reflexivity.
Qed.

Lemma finite_plus a b : finite (a + b) = true -> finite a = true /\ finite b = true.
Proof.
  rewrite !(proj1 (toR_binary _)), IEEE754.PrimFloat.add_equiv.
  destruct (binary a) as [[]|[]| |], (binary b) as [[]|[]| |]; simpl; auto.
Qed.
Lemma finite_times a b : finite (a * b) = true -> finite a = true /\ finite b = true.
Proof.
  rewrite !(proj1 (toR_binary _)), IEEE754.PrimFloat.mul_equiv.
  destruct (binary a) as [[]|[]| |], (binary b) as [[]|[]| |]; simpl; auto.
Qed.

Lemma plus_round a b : finite (a + b) = true ->
  toR (a + b) = Generic_fmt.round radix2 (FLT_exp (-1074) 53) ZnearestE (toR a + toR b).
Proof.
  intros H. destruct (finite_plus _ _ H) as [A B]. revert H A B.
  rewrite !(proj1 (toR_binary _)), !(proj2 (toR_binary _)), IEEE754.PrimFloat.add_equiv. intros H A B.
  pose proof (Bplus_correct _ _ IEEE754.PrimFloat.Hprec IEEE754.PrimFloat.Hmax mode_NE _ _ A B) as C.
  destruct Rlt_bool; [apply C|]. destruct C as [C _]. exfalso. revert C H.
  destruct (Bplus _ _ _); simpl; discriminate.
Qed.
Lemma times_round a b : finite (a * b) = true ->
  toR (a * b) = Generic_fmt.round radix2 (FLT_exp (-1074) 53) ZnearestE (toR a * toR b).
Proof.
  intros H. destruct (finite_times _ _ H) as [A B]. revert H A B.
  rewrite !(proj1 (toR_binary _)), !(proj2 (toR_binary _)), IEEE754.PrimFloat.mul_equiv. intros H A B.
  pose proof (Bmult_correct _ _ IEEE754.PrimFloat.Hprec IEEE754.PrimFloat.Hmax mode_NE (binary a) (binary b)) as C.
  destruct Rlt_bool; [apply C|]. exfalso. revert C H.
  destruct (Bmult _ _ _); simpl; discriminate.
Qed.

Lemma toR_format f : generic_format radix2 (FLT_exp (-1074) 53) (toR f).
Proof. rewrite (proj2 (toR_binary f)). apply generic_format_B2R. Qed.

Lemma plus_error a b : finite (a + b) = true ->
  Rabs (toR (a + b) - (toR a + toR b)) <= unit_roundoff * Rabs (toR a + toR b).
Proof.
  intros H. rewrite (plus_round _ _ H).
  pose proof (eq_refl : Prec_gt_0 53) as P53.
  destruct (FLT_plus_error_N_ex radix2 (-1074) 53 (fun x => negb (Z.even x)) _ _ (toR_format a) (toR_format b))
    as [e [E ->]].
  replace ((toR a + toR b) * (1 + e) - (toR a + toR b)) with (e * (toR a + toR b)) by ring.
  rewrite Rabs_mult. apply Rmult_le_compat_r; [apply Rabs_pos|].
  eapply Rle_trans; [exact E|]. unfold u_ro. simpl. unfold unit_roundoff.
  apply (Rmult_le_reg_r (1 + / 2 * / 4503599627370496)); [lra|].
  unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra.
Qed.
Lemma times_error a b : finite (a * b) = true ->
  Rabs (toR (a * b) - toR a * toR b) <= unit_roundoff * Rabs (toR a * toR b) + smallest.
Proof.
  intros H. rewrite (times_round _ _ H).
  destruct (error_N_FLT radix2 (-1074) 53 eq_refl (fun x => negb (Z.even x)) (toR a * toR b))
    as [e [t [E [T [_ ->]]]]].
  replace (toR a * toR b * (1 + e) + t - toR a * toR b) with (e * (toR a * toR b) + t) by ring.
  eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_mult.
  assert (E' : Rabs e <= unit_roundoff) by (rewrite <- roundoff_eq; exact E).
  assert (T' : Rabs t <= smallest) by (rewrite <- smallest_eq; exact T). apply Rplus_le_compat; auto.
  apply Rmult_le_compat_r; auto. apply Rabs_pos.
Qed.

Lemma finite_abs f : finite (abs f) = finite f.
Proof. rewrite !(proj1 (toR_binary _)), IEEE754.PrimFloat.abs_equiv. now destruct (binary f). Qed.
Lemma toR_abs f : toR (abs f) = Rabs (toR f).
Proof.
  rewrite !(proj2 (toR_binary _)), IEEE754.PrimFloat.abs_equiv. apply B2R_Babs.
Qed.
