(** The hyperbolic tangent on intervals: a table of values, the addition theorem and a
    polynomial in between, which is some ten times faster than through [exp]. *)
From Coq Require Import Reals List ZArith Lra Lia Psatz Bool Floats.
From Coquelicot Require Import Coquelicot.
From Interval Require Import Float.Basic Real.Xreal Interval.Interval.
From Certify Require Import Language Analysis Intervals Arithmetic.
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

Definition three := point 3. Definition fifteen := point 15.
Lemma toR_3 : toR 3 = 3. Proof. apply (toR_Z 3 3), (F.fromZ_correct 3); simpl; lia. Qed.
Lemma toR_15 : toR 15 = 15. Proof. apply (toR_Z 15 15), (F.fromZ_correct 15); simpl; lia. Qed.
Definition third := div one three. Definition two_fifteenths := div two fifteen.
Lemma third_ok : contains third (1 / 3).
Proof. apply div_ok; [apply one_ok|rewrite <- toR_3; now apply point_ok|lra]. Qed.
Lemma two_fifteenths_ok : contains two_fifteenths (2 / 15).
Proof. apply div_ok; [apply two_ok|rewrite <- toR_15; now apply point_ok|lra]. Qed.

Definition tanh_point (x : float) : interval :=
  let '(y, v) := find tanh_table x in
  let h := sub (point x) (point y) in
  if finite y && is_le (size h) 1 then
    let square := sqr h in
    let q := add (sub one (mul square third))
                 (Ends 0 (high (mul two_fifteenths (sqr square)))) in
    let t := mul h q in
    div (add v t) (add one (mul v t))
  else tanh_slow (point x).

Lemma tanh_point_ok x : finite x = true -> contains (tanh_point x) (tanh (toR x)).
Proof.
  intros N. unfold tanh_point. pose proof (find_ok tanh_table x (tabulate_ok 10 _ _)) as T.
  destruct (find tanh_table x) as [y v]. cbn [fst snd] in T.
  destruct (finite y && is_le (size (sub (point x) (point y))) 1) eqn:E;
    [|now apply tanh_slow_ok, point_ok].
  apply andb_prop in E; destruct E as [Y E]. specialize (T Y).
  pose proof (sub_ok _ _ _ _ (point_ok x N) (point_ok y Y)) as H.
  assert (B : -1 <= toR x - toR y <= 1).
  { pose proof (finite_ge 1 _ _ (size_ok _ _ H) eq_refl E) as B. rewrite toR_1 in B.
    revert B; unfold Rabs; destruct Rcase_abs; lra. }
  destruct (tanh_expansion _ B) as [d [D Q]]. set (z := toR x - toR y) in *.
  set (h := sub (point x) (point y)) in *. clearbody h.
  replace (toR x) with (toR y + z) by (unfold z; ring). rewrite tanh_add.
  pose proof (sqr_ok _ _ H) as H2.
  assert (TH : contains (mul h (add (sub one (mul (sqr h) third))
    (Ends 0 (high (mul two_fifteenths (sqr (sqr h))))))) (tanh z)).
  { rewrite Q. apply mul_ok; auto. apply add_ok.
    - apply sub_ok; [apply one_ok|]. unfold Rdiv. apply mul_ok; auto.
      replace (/ 3) with (1 / 3) by field. apply third_ok.
    - split; cbn [low high].
      + apply finite_lower; auto. rewrite toR_0. lra.
      + apply (upper_le _ (2 / 15 * (z * z * (z * z)))); [|lra].
        apply mul_ok; [apply two_fifteenths_ok|apply sqr_ok, H2]. }
  apply div_ok; [now apply add_ok|apply add_ok; [apply one_ok|now apply mul_ok]|].
  apply tanh_denominator.
Qed.

Definition tanh_range (a : interval) : interval :=
  if is_le (-8) (low a) && is_le (low a) (high a) && is_le (high a) 8
  then
    let l := tanh_point (low a) in
    if is_eq (low a) (high a) then l else Ends (low l) (high (tanh_point (high a)))
  else tanh_slow a.

Lemma finite_between a b c : finite a = true -> finite c = true ->
  is_le a b = true -> is_le b c = true -> finite b = true.
Proof.
  intros A C H K. destruct (finite b) eqn:B; auto. exfalso.
  pose proof (F.cmp_correct a b) as P. pose proof (F.cmp_correct b c) as Q.
  unfold F.cmp, is_le in *. rewrite !finite_real in *. rewrite F.classify_correct in A, B, C.
  destruct (F.classify a); try discriminate A. destruct (F.classify c); try discriminate C.
  destruct (F.classify b); try discriminate B;
  destruct (PrimFloat.compare a b), (PrimFloat.compare b c); discriminate.
Qed.


Lemma tanh_range_ok a x : contains a x -> contains (tanh_range a) (tanh x).
Proof.
  intros H. unfold tanh_range.
  destruct (_ && _ && _) eqn:E; [|now apply tanh_slow_ok].
  apply andb_prop in E; destruct E as [E E3]. apply andb_prop in E; destruct E as [E1 E2].
  assert (Fl : finite (low a) = true).
  { destruct (finite (low a)) eqn:A; auto. exfalso.
    pose proof (F.cmp_correct (-8)%float (low a)) as P.
    destruct H as [[V _] [W _]]. rewrite F.valid_lb_correct in V.
    unfold is_le, F.cmp in *. rewrite finite_real, F.classify_correct in A.
    change (F.classify (-8)%float) with Sig.Freal in P.
    destruct (F.classify (low a)); try discriminate;
    destruct (PrimFloat.compare (-8) (low a)); discriminate. }
  assert (Fh : finite (high a) = true) by (apply (finite_between (low a) (high a) 8); auto).
  destruct H as [L U]. apply finite_lower in L; auto. apply finite_upper in U; auto.
  cbv zeta. destruct (is_eq (low a) (high a)) eqn:Eq.
  { apply is_eq_finite in Eq; auto. replace x with (toR (low a)) by lra. now apply tanh_point_ok. }
  split; cbn [low high].
  - apply (lower_le _ (tanh (toR (low a)))); [apply tanh_point_ok; auto|now apply tanh_mono].
  - apply (upper_le _ (tanh (toR (high a)))); [apply tanh_point_ok; auto|now apply tanh_mono].
Qed.
