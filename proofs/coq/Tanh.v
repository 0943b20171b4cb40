(** The hyperbolic tangent on intervals: a table of values, the addition theorem and a
    polynomial in between, which is some ten times faster than through [exp]. *)
From Coq Require Import Reals List ZArith Lra Lia Psatz Bool Floats.
From Flocq.Core Require Raux.
From Coquelicot Require Import Coquelicot.
From Interval Require Import Float.Basic Real.Xreal Interval.Interval.
From Certify Require Import Language Analysis Intervals Arithmetic Bounds Rounding Tanhs.
Local Open Scope R_scope.

(** * Real facts *)

Lemma tanh_0 : tanh 0 = 0.
Proof. rewrite tanh_exp_eq. unfold tanh_exp. rewrite Rmult_0_r, exp_0. field. Qed.

Lemma tanh_add a h : tanh (a + h) = (tanh a + tanh h) / (1 + tanh a * tanh h).
Proof.
  rewrite !tanh_exp_eq. unfold tanh_exp. replace (2 * (a + h)) with (2 * a + 2 * h) by ring.
  rewrite exp_plus. pose proof (exp_pos (2 * a)); pose proof (exp_pos (2 * h)).
  set (A := exp (2 * a)) in *; set (B := exp (2 * h)) in *.
  assert (0 < A * B) by (apply Rmult_lt_0_compat; auto). field. repeat split; lra.
Qed.
Lemma tanh_denominator a h : 1 + tanh a * tanh h <> 0.
Proof.
  rewrite !tanh_exp_eq. unfold tanh_exp. pose proof (exp_pos (2 * a)); pose proof (exp_pos (2 * h)).
  set (A := exp (2 * a)) in *; set (B := exp (2 * h)) in *.
  assert (P : 0 < A * B) by (apply Rmult_lt_0_compat; auto).
  replace (1 + (1 - 2 / (A + 1)) * (1 - 2 / (B + 1))) with
    (2 * (A * B + 1) / ((A + 1) * (B + 1))) by (field; lra).
  apply Rgt_not_eq. apply Rdiv_lt_0_compat; [lra|]. apply Rmult_lt_0_compat; lra.
Qed.
Lemma tanh_opp x : tanh (- x) = - tanh x.
Proof.
  pose proof (tanh_add x (- x)) as E. rewrite Rplus_opp_r, tanh_0 in E.
  pose proof (tanh_denominator x (- x)). assert (tanh x + tanh (- x) = 0); [|lra].
  apply Rmult_eq_reg_r with (/ (1 + tanh x * tanh (- x))); [|now apply Rinv_neq_0_compat].
  unfold Rdiv in E. rewrite <- E. ring.
Qed.
Lemma tanh_bounds x : -1 < tanh x < 1.
Proof.
  rewrite tanh_exp_eq. unfold tanh_exp. pose proof (exp_pos (2 * x)).
  assert (0 < 2 / (exp (2 * x) + 1) < 2); [|lra]. split; [apply Rdiv_lt_0_compat; lra|].
  apply Rmult_lt_reg_r with (exp (2 * x) + 1); [lra|].
  unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra.
Qed.

(** A function that is 0 at 0 and does not fall up to [h] is not negative there. *)
Lemma grows f f' : (forall x, is_derive f x (f' x)) -> f 0 = 0 ->
  forall h, 0 <= h -> (forall x, 0 <= x <= h -> 0 <= f' x) -> 0 <= f h.
Proof.
  intros D Z h Hh P. destruct (mean_value_smooth f f' 0 h) as [xi [B E]]; [intros; apply D|].
  unfold between in B. rewrite Rmin_left, Rmax_right in B by lra. rewrite Z in E.
  replace (f h) with (f' xi * (h - 0)) by lra. apply Rmult_le_pos; [apply P; lra|lra].
Qed.
Lemma tanh_mono x y : x <= y -> tanh x <= tanh y.
Proof.
  intros H. destruct (mean_value_smooth tanh _ x y (fun z _ => is_derive_tanh z)) as [xi [_ E]].
  assert (0 <= (1 - tanh xi * tanh xi) * (y - x)); [|lra].
  apply Rmult_le_pos; [|lra]. pose proof (tanh_bounds xi). nra.
Qed.
Lemma tanh_nonneg h : 0 <= h -> 0 <= tanh h.
Proof. intros H. rewrite <- tanh_0. now apply tanh_mono. Qed.

Lemma tanh_below h : 0 <= h -> tanh h <= h.
Proof.
  intros H. enough (0 <= h - tanh h) by lra.
  apply (grows (fun x => x - tanh x) (fun x => tanh x * tanh x)); auto.
  - intros x. replace (tanh x * tanh x) with (1 - (1 - tanh x * tanh x)) by ring.
    apply (is_derive_minus (V := R_NormedModule) (fun x => x) tanh x 1);
      [apply (is_derive_id (K := R_AbsRing))|apply is_derive_tanh].
  - cbv beta; rewrite tanh_0; lra.
  - intros; cbv beta; nra.
Qed.
Lemma tanh_above_cubic h : 0 <= h -> h - h ^ 3 / 3 <= tanh h.
Proof.
  intros H. enough (0 <= tanh h - (h - h ^ 3 / 3)) by lra.
  apply (grows (fun x => tanh x - (x - x ^ 3 / 3)) (fun x => x * x - tanh x * tanh x)); auto.
  - intros x. replace (x * x - tanh x * tanh x) with ((1 - tanh x * tanh x) - (1 - x * x)) by ring.
    apply (is_derive_minus (V := R_NormedModule) tanh (fun x => x - x ^ 3 / 3) x);
      [apply is_derive_tanh|]. auto_derive; auto. simpl; lra.
  - cbv beta; rewrite tanh_0; lra.
  - intros x B; cbv beta. pose proof (tanh_below x (proj1 B)). pose proof (tanh_nonneg x (proj1 B)). nra.
Qed.
Lemma tanh_below_quintic h : 0 <= h <= 1 -> tanh h <= h - h ^ 3 / 3 + 2 / 15 * h ^ 5.
Proof.
  intros [H H1]. enough (0 <= (h - h ^ 3 / 3 + 2 / 15 * h ^ 5) - tanh h) by lra.
  apply (grows (fun x => (x - x ^ 3 / 3 + 2 / 15 * x ^ 5) - tanh x)
    (fun x => (1 - x * x + 2 / 3 * x ^ 4) - (1 - tanh x * tanh x))); auto.
  - intros x.
    apply (is_derive_minus (V := R_NormedModule) (fun x => x - x ^ 3 / 3 + 2 / 15 * x ^ 5) tanh x);
      [|apply is_derive_tanh]. auto_derive; auto. simpl; lra.
  - cbv beta; rewrite tanh_0; lra.
  - intros x B; cbv beta. pose proof (tanh_above_cubic x (proj1 B)) as L.
    assert (0 <= x - x ^ 3 / 3).
    { replace (x - x ^ 3 / 3) with (x * (1 - x * x / 3)) by field. apply Rmult_le_pos; nra. }
    assert ((x - x ^ 3 / 3) * (x - x ^ 3 / 3) <= tanh x * tanh x) by (apply Rmult_le_compat; lra).
    assert (0 <= x ^ 6). { replace (x ^ 6) with (Rsqr (x ^ 3)) by (unfold Rsqr; ring). apply Rle_0_sqr. }
    replace ((x - x ^ 3 / 3) * (x - x ^ 3 / 3)) with (x * x - 2 / 3 * x ^ 4 + x ^ 6 / 9) in H2 by field.
    lra.
Qed.

Lemma tanh_expansion h : -1 <= h <= 1 ->
  exists d, 0 <= d <= 2 / 15 * (h * h * (h * h)) /\ tanh h = h * (1 - h * h / 3 + d).
Proof.
  assert (K : forall h, 0 < h <= 1 ->
    exists d, 0 <= d <= 2 / 15 * (h * h * (h * h)) /\ tanh h = h * (1 - h * h / 3 + d)).
  { intros x B. exists (tanh x / x - 1 + x * x / 3).
    pose proof (tanh_above_cubic x ltac:(lra)). pose proof (tanh_below_quintic x ltac:(lra)).
    assert (E : (tanh x / x - 1 + x * x / 3) * x = tanh x - x + x ^ 3 / 3) by (field; lra).
    split; [|field; lra]. split; (apply Rmult_le_reg_r with x; [lra|]); rewrite E; [lra|].
    replace (2 / 15 * (x * x * (x * x)) * x) with (2 / 15 * x ^ 5) by ring. lra. }
  intros B. destruct (Rtotal_order h 0) as [L|[->|G]].
  - destruct (K (- h) ltac:(lra)) as [d [D E]]. exists d. rewrite tanh_opp in E.
    replace (- h * - h) with (h * h) in * by ring. split; auto. lra.
  - exists 0. rewrite tanh_0. split; lra.
  - apply K; lra.
Qed.

(** * Any interval, through exp *)

Definition exp_range (a : interval) : interval := of (I.exp p53 (to a)).
Lemma exp_range_ok a x : contains a x -> contains (exp_range a) (exp x).
Proof. intros H. apply of_ok, (I.exp_correct p53 (to a) (Xreal x)). now apply to_iff. Qed.

Definition tanh_slow (a : interval) : interval :=
  sub one (div two (add (exp_range (mul two a)) one)).
Lemma tanh_slow_ok a x : contains a x -> contains (tanh_slow a) (tanh x).
Proof.
  intros H. rewrite tanh_exp_eq. apply sub_ok; [apply one_ok|].
  apply div_ok; [apply two_ok| |pose proof (exp_pos (2 * x)); lra].
  apply add_ok; [|apply one_ok]. apply exp_range_ok, mul_ok; [apply two_ok|auto].
Qed.

(** * The table *)

Inductive table := Entry (at_ : float) (value : interval) | Fork (m : float) (l r : table).
Fixpoint right_table (b : table) : Prop :=
  match b with
  | Entry x v => finite x = true -> contains v (tanh (toR x))
  | Fork _ l r => right_table l /\ right_table r
  end.
Fixpoint tabulate (depth : nat) (a b : float) : table :=
  let m := ((a + b) * 0.5)%float in
  match depth with
  | O => Entry m (tanh_slow (point m))
  | S d => Fork m (tabulate d a m) (tabulate d m b)
  end.
Lemma tabulate_ok d : forall a b, right_table (tabulate d a b).
Proof. induction d; intros; simpl; auto. intros H. now apply tanh_slow_ok, point_ok. Qed.
Fixpoint find (b : table) (x : float) : float * interval :=
  match b with
  | Entry y v => (y, v)
  | Fork m l r => if PrimFloat.ltb x m then find l x else find r x
  end.
Lemma find_ok b x : right_table b -> finite (fst (find b x)) = true ->
  contains (snd (find b x)) (tanh (toR (fst (find b x)))).
Proof. induction b; simpl; auto. intros [A B]. destruct (ltb x m); auto. Qed.
Definition tanh_table := tabulate 10 (-8)%float 8%float.

(** * Points *)

(** Where it is between entries of the table: the value there, and how much it rises ([Tanhs.v]). *)
Definition tanh_point (x : float) : interval :=
  let '(y, v) := find tanh_table x in
  let a := low v in
  let h := (x + - y)%float in
  let p := tanh_rise a (tanh_near h) in
  if finite y && is_le (PrimFloat.abs h) 0x1p-7 && finite a && is_le (PrimFloat.abs a) 1 && finite p then
    let w := add_up (high v) (- a) in
    let e := add_up 0x1p-38 (add_up w w) in
    Ends (down (down (a + p) - e)) (up (up (a + p) + e))
  else tanh_slow (point x).

Lemma toR_2m7 : finite 0x1p-7 = true /\ toR 0x1p-7 = 1 / 128.
Proof.
  split; [reflexivity|]. unfold toR, F.toR, F.toX.
  change (F.toF 0x1p-7%float) with (Basic.Float false 4503599627370496 (-59) : Basic.float F.radix).
  simpl. unfold Basic.FtoR. simpl. lra.
Qed.
Lemma toR_2m38 : finite 0x1p-38 = true /\ toR 0x1p-38 = / 274877906944.
Proof.
  split; [reflexivity|]. unfold toR, F.toR, F.toX.
  change (F.toF 0x1p-38%float) with (Basic.Float false 4503599627370496 (-90) : Basic.float F.radix).
  simpl. unfold Basic.FtoR. simpl. lra.
Qed.
Lemma abs_below f c : finite f = true -> finite c = true -> is_le (PrimFloat.abs f) c = true -> Rabs (toR f) <= toR c.
Proof.
  intros A C H. rewrite <- toR_abs. apply (le_finite _ c); auto; [|now rewrite finite_abs].
  apply finite_lower; auto. apply Rle_refl.
Qed.

(** The addition theorem with a value [a] that is nearly [tanh y]. *)
Lemma rise_error a w T p V : Rabs a <= 1 -> Rabs V <= 1 -> V = a + w -> 0 <= w -> Rabs T <= 1 / 126 -> Rabs p <= 1 / 100 ->
  Rabs (T * (1 - a * a) - p * (1 + a * T)) <= 27 / 10 ^ 13 ->
  Rabs ((V + T) / (1 + V * T) - (a + p)) <= 2 * w + / 274877906944.
Proof.
  intros A BV EV W BT P E. set (n := T * (1 - a * a) - p * (1 + a * T)) in *.
  assert (D : 99 / 100 <= 1 + V * T).
  { assert (K : Rabs (V * T) <= 1 / 126) by small. apply Raux.Rabs_le_inv in K. lra. }
  assert (EQ : (V + T) / (1 + V * T) - (a + p) = (w * (1 - (a + p) * T) + n) / (1 + V * T)).
  { unfold n. rewrite EV. field. rewrite <- EV. lra. }
  assert (K : Rabs (w * (1 - (a + p) * T) + n) <= 102 / 100 * w + 27 / 10 ^ 13).
  { eapply Rle_trans; [apply Rabs_triang|]. apply Rplus_le_compat; [|exact E]. rewrite Rabs_mult, (Rabs_pos_eq w W), Rmult_comm.
    apply Rmult_le_compat_r; auto. clearbody n. small. }
  rewrite EQ. unfold Rdiv. rewrite Rabs_mult, (Rabs_pos_eq (/ _)) by (left; apply Rinv_0_lt_compat; lra).
  apply (Rmult_le_reg_r (1 + V * T)); [lra|]. rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra.
  eapply Rle_trans; [exact K|]. apply Rle_trans with ((2 * w + / 274877906944) * (99 / 100)); [lra|].
  apply Rmult_le_compat_l; lra.
Qed.

Lemma tanh_point_ok x : finite x = true -> contains (tanh_point x) (tanh (toR x)).
Proof.
  intros N. unfold tanh_point. pose proof (find_ok tanh_table x (tabulate_ok 10 _ _)) as T.
  destruct (find tanh_table x) as [y v]. cbn [fst snd] in T. cbv zeta.
  destruct (_ && finite (tanh_rise _ _)) eqn:E; [|now apply tanh_slow_ok, point_ok].
  rewrite !andb_true_iff in E. destruct E as [[[[Y Hh] Fa] Ha] Fp]. specialize (T Y). destruct T as [Tl Tu].
  set (a := low v) in *. set (h := (x + - y)%float) in *.
  assert (Ft : finite (tanh_near h) = true).
  { unfold tanh_rise in Fp. cbv zeta in Fp. apply finite_times in Fp; destruct Fp as [Fp _]. now apply finite_times in Fp. }
  assert (Fh : finite h = true).
  { unfold tanh_near in Ft. cbv zeta in Ft. now apply finite_times in Ft. }
  pose proof (abs_below _ _ Fh (proj1 toR_2m7) Hh) as Bh. rewrite (proj2 toR_2m7) in Bh.
  pose proof (abs_below a 1 Fa eq_refl Ha) as Ba. rewrite toR_1 in Ba.
  set (D := toR x - toR y). pose proof (plus_error x (- y) Fh) as Eh.
  rewrite (proj2 (opp_finite y Y)) in Eh. fold h in Eh. change (toR x + - toR y) with D in Eh.
  assert (BD : Rabs D <= 1 / 126).
  { pose proof (Rabs_triang (toR h) (D - toR h)) as Tr. replace (toR h + (D - toR h)) with D in Tr by ring.
    rewrite (Rabs_minus_sym D) in Tr. unfold unit_roundoff in Eh. lra. }
  assert (TD : tiny (D - toR h)).
  { unfold tiny. rewrite Rabs_minus_sym. unfold unit_roundoff in Eh. lra. }
  assert (B1 : -1 <= D <= 1) by (apply Raux.Rabs_le_inv; lra).
  destruct (tanh_expansion _ B1) as [d [Bd Q]].
  destruct (tanh_near_ok h D d Ft ltac:(lra) TD Bd) as [N1 N2]. rewrite <- Q in N1.
  destruct (tanh_rise_ok a (tanh_near h) (tanh D) Fp Ba N2 N1) as [R1 R2]. cbv zeta in R1, R2.
  set (p := tanh_rise a (tanh_near h)) in *. set (V := tanh (toR y)) in *.
  apply finite_lower in Tl; auto. pose proof (tanh_bounds (toR y)) as BV. fold V in BV.
  assert (BT : Rabs (tanh D) <= 1 / 126).
  { assert (K : forall r, 0 <= r -> Rabs (tanh r) <= Rabs r).
    { intros r P. pose proof (tanh_below r P). pose proof (tanh_nonneg r P). rewrite !Rabs_pos_eq; lra. }
    destruct (Rle_dec 0 D) as [G|G]; [pose proof (K D G); lra|].
    pose proof (K (- D) ltac:(lra)) as K'. rewrite tanh_opp, !Rabs_Ropp in K'. lra. }
  pose proof (rise_error (toR a) (V - toR a) (tanh D) (toR p) V Ba ltac:(apply Rabs_le; lra) ltac:(ring) ltac:(lra) BT R2 R1) as Er.
  replace (toR x) with (toR y + D) by (unfold D; ring). rewrite tanh_add. fold V. set (r := (V + tanh D) / _) in *.
  assert (W : upper (add_up (high v) (- a)) (V - toR a)).
  { unfold Rminus. apply add_up_ok; auto. destruct (opp_finite a Fa) as [G1 G2]. apply finite_upper; auto. rewrite G2. apply Rle_refl. }
  set (w := add_up (high v) (- a)) in *.
  assert (U : upper (add_up 0x1p-38 (add_up w w)) (/ 274877906944 + ((V - toR a) + (V - toR a)))).
  { apply add_up_ok; [|now apply add_up_ok]. apply finite_upper; [apply toR_2m38|]. rewrite (proj2 toR_2m38). apply Rle_refl. }
  pose proof (point_ok a Fa) as [Al Au]. pose proof (point_ok p Fp) as [Pl Pu]. cbn [low high point] in *.
  apply Raux.Rabs_le_inv in Er. split; cbn [low high].
  - eapply lower_le; [apply sub_lower; [apply add_lower; [exact Al|exact Pl]|exact U]|]. lra.
  - eapply upper_le; [apply add_upper; [apply add_upper; [exact Au|exact Pu]|exact U]|]. lra.
Qed.

Definition tanh_range (a : interval) : interval :=
  if is_le (-8) (low a) && is_le (low a) (high a) && is_le (high a) 8
  then
    let l := tanh_point (low a) in
    if is_eq (low a) (high a) then l else Ends (low l) (high (tanh_point (high a)))
  else tanh_slow a.

Lemma tanh_range_ok a x : contains a x -> contains (tanh_range a) (tanh x).
Proof.
  intros H. unfold tanh_range.
  destruct (_ && _ && _) eqn:E; [|now apply tanh_slow_ok].
  apply andb_prop in E; destruct E as [E E3]. apply andb_prop in E; destruct E as [E1 E2].
  pose proof (below_real (-8) (low a) x eq_refl E1 (proj1 H)) as Fl.
  pose proof (above_real (high a) 8 x eq_refl E3 (proj2 H)) as Fh.
  destruct H as [L U]. apply finite_lower in L; auto. apply finite_upper in U; auto.
  cbv zeta. destruct (is_eq (low a) (high a)) eqn:Eq.
  { apply is_eq_finite in Eq; auto. replace x with (toR (low a)) by lra. now apply tanh_point_ok. }
  split; cbn [low high].
  - apply (lower_le _ (tanh (toR (low a)))); [apply tanh_point_ok; auto|now apply tanh_mono].
  - apply (upper_le _ (tanh (toR (high a)))); [apply tanh_point_ok; auto|now apply tanh_mono].
Qed.
