(** The hyperbolic tangent near a number where it is known: what the rounding of its addition theorem, and
    of the series in it, loses. *)
From Coq Require Import Reals ZArith Lra Lia Bool Floats.
From Interval Require Import Float.Basic Real.Xreal Float.Primitive_ops.
From Flocq.Core Require Raux.
From Certify Require Import Intervals Arithmetic Bounds Rounding.
Local Open Scope R_scope.

(** ** Sizes of sums and products *)

Lemma size_plus x y a b : Rabs x <= a -> Rabs y <= b -> Rabs (x + y) <= a + b.
Proof. intros. eapply Rle_trans; [apply Rabs_triang|lra]. Qed.
Lemma size_opp x a : Rabs x <= a -> Rabs (- x) <= a.
Proof. now rewrite Rabs_Ropp. Qed.
Lemma size_minus x y a b : Rabs x <= a -> Rabs y <= b -> Rabs (x - y) <= a + b.
Proof. intros. apply size_plus; auto. now apply size_opp. Qed.
Lemma size_times x y a b : Rabs x <= a -> Rabs y <= b -> Rabs (x * y) <= a * b.
Proof. intros. rewrite Rabs_mult. apply Rmult_le_compat; auto using Rabs_pos. Qed.
Lemma size_number x : 0 <= x -> Rabs x <= x.
Proof. intros. rewrite Rabs_pos_eq; lra. Qed.
Ltac size e :=
  match e with
  | _ => match goal with H : Rabs e <= _ |- _ => H end
  | ?x + ?y => let p := size x in let q := size y in constr:(size_plus _ _ _ _ p q)
  | ?x - ?y => let p := size x in let q := size y in constr:(size_minus _ _ _ _ p q)
  | ?x * ?y => let p := size x in let q := size y in constr:(size_times _ _ _ _ p q)
  | ?x / ?y => let p := size x in constr:(size_times x (/ y) _ _ p (size_number (/ y) ltac:(lra)))
  | - ?x => let p := size x in constr:(size_opp _ _ p)
  | _ => constr:(size_number e ltac:(lra))
  end.
(** By the sizes of the parts, which are among the hypotheses, or are numbers. *)
Ltac small := match goal with |- Rabs ?e <= _ => let p := size e in eapply Rle_trans; [exact p|lra] end.

Definition tiny (e : R) : Prop := Rabs e <= / 2 ^ 51.
Lemma core_t H D c q d e0 e1 e2 e3 e4 e5 e6 s m w t :
  Rabs H <= 1 / 127 -> D = H + e0 -> 0 <= d <= 2 / 15 * (D * D * (D * D)) ->
  tiny (c - 1 / 3) -> tiny (q - 1 / 15) ->
  tiny e0 -> tiny e1 -> tiny e2 -> tiny e3 -> tiny e4 -> tiny e5 -> tiny e6 ->
  s = H * H + e1 -> m = s * (c - (s * q + e2) + e3) + e4 -> w = 1 - m + e5 -> t = H * w + e6 ->
  Rabs (D * (1 - D * D / 3 + d) - t) <= 22 / 10 ^ 13.
Proof.
  unfold tiny. intros B ED Bd Bc Bq E0 E1 E2 E3 E4 E5 E6 Es Em Ew ->.
  set (c' := c - 1 / 3) in *. set (q' := q - 1 / 15) in *.
  assert (Ec : c = 1 / 3 + c') by (unfold c'; ring). assert (Eq : q = 1 / 15 + q') by (unfold q'; ring).
  clearbody c' q'. set (d' := d - D * D * (D * D) / 15).
  assert (BD : Rabs D <= 1 / 126) by (rewrite ED; small).
  assert (Bd' : Rabs d' <= 266 / 10 ^ 12).
  { assert (0 <= D * D * (D * D) <= 398 / 10 ^ 11).
    { split; [|apply (Rle_trans _ _ _ (Rle_abs _)); small].
      apply Rmult_le_pos; apply Rle_0_sqr. }
    unfold d'. apply Rabs_le. lra. }
  set (rho := H * H * c' + e1 * (1 / 3 + c') - (2 * (H * H) * e1 + e1 * e1) * (1 / 15 + q') - H * H * (H * H) * q'
    + (H * H + e1) * (e3 - e2) + e4).
  assert (Er : m = H * H / 3 - H * H * (H * H) / 15 + rho) by (unfold rho; rewrite Em, Es, Ec, Eq; field).
  assert (Br : Rabs rho <= / 2 ^ 49) by (unfold rho; small).
  replace (D * (1 - D * D / 3 + d) - (H * w + e6)) with
    (e0 * (1 - (D * D + D * H + H * H) / 3 + (D * D * (D * D) + D * D * (D * H) + D * D * (H * H) + D * H * (H * H) + H * H * (H * H)) / 15)
     + D * d' + H * (rho - e5) - e6).
  2:{ rewrite Ew, Er. unfold d'. replace d with (d + 0 * H) by ring. rewrite ED. field. }
  clear - B BD Bd' Br E0 E5 E6. clearbody rho d'. small.
Qed.
Lemma core_p t a T z k k1 k2 k3 k4 k5 k6 g b p p1 e5 e6 e7 e8 e9 f1 f2 f3 f4 f5 f6 f7 :
  Rabs t <= 1 / 125 -> Rabs a <= 1 -> Rabs (T - t) <= 22 / 10 ^ 13 ->
  tiny e5 -> tiny e6 -> tiny e7 -> tiny e8 -> tiny e9 ->
  tiny f1 -> tiny f2 -> tiny f3 -> tiny f4 -> tiny f5 -> tiny f6 -> tiny f7 ->
  b = a * a + e5 -> g = 1 - b + e6 -> z = a * t + e7 ->
  k1 = 1 - z + e8 -> k2 = z * k1 + e9 -> k3 = 1 - k2 + f1 -> k4 = z * k3 + f2 -> k5 = 1 - k4 + f3 ->
  k6 = z * k5 + f6 -> k = 1 - k6 + f7 ->
  p1 = t * g + f4 -> p = p1 * k + f5 ->
  Rabs (T * (1 - a * a) - p * (1 + a * T)) <= 27 / 10 ^ 13 /\ Rabs p <= 1 / 100.
Proof.
  unfold tiny. intros Bt Ba Btau E5 E6 E7 E8 E9 F1 F2 F3 F4 F5 F6 F7 Eb Eg Ez K1 K2 K3 K4 K5 K6 K P1 P.
  set (tau := T - t) in *. assert (ET : T = t + tau) by (unfold tau; ring). clearbody tau.
  assert (Bz : Rabs z <= 1 / 124) by (rewrite Ez; small).
  assert (Ek : k = 1 - z + z * z - z * z * z + z * z * z * z + (f7 - f6 - z * f3 + z * f2 + z * z * f1 - z * z * e9 - z * z * z * e8)).
  { rewrite K, K6, K5, K4, K3, K2, K1. ring. }
  set (ek := f7 - f6 - z * f3 + z * f2 + z * z * f1 - z * z * e9 - z * z * z * e8) in *.
  assert (Bek : Rabs ek <= / 2 ^ 49) by (unfold ek; small).
  clearbody ek. clear K K1 K2 K3 K4 K5 K6 k1 k2 k3 k4 k5 k6.
  assert (Bk : Rabs k <= 101 / 100) by (rewrite Ek; small).
  assert (A2 : Rabs (1 - a * a) <= 1).
  { assert (K : Rabs (a * a) <= 1) by small. apply Raux.Rabs_le_inv in K. pose proof (Rle_0_sqr a) as S. unfold Rsqr in S. apply Rabs_le. lra. }
  assert (Bg : Rabs g <= 1001 / 1000).
  { rewrite Eg, Eb. replace (1 - (a * a + e5) + e6) with (1 - a * a - e5 + e6) by ring. small. }
  assert (Bp1 : Rabs p1 <= 1 / 120) by (rewrite P1; small).
  assert (Bp : Rabs p <= 1 / 100) by (rewrite P; small).
  split; [|exact Bp].
  replace (T * (1 - a * a) - p * (1 + a * T)) with
    (- (t * (1 - a * a) * (z * z * z * z * z)) - t * (1 - a * a) * ek * (1 + z)
     - (t * (e6 - e5) + f4) * k * (1 + z) - f5 * (1 + z) + e7 * p + tau * (1 - a * a) - p * a * tau).
  2:{ rewrite ET, P, P1, Eg, Eb. replace (a * t) with (z - e7) by (rewrite Ez; ring). rewrite Ek.
      replace (1 + a * (t + tau)) with (1 + (z - e7) + a * tau) by (rewrite Ez; ring). ring. }
  small.
Qed.

(** ** In binary64 *)

Notation third_float := 0x1.5555555555555p-2%float.
Notation fifteenth_float := 0x1.1111111111111p-4%float.
Definition tanh_near (h : float) : float :=
  let s := (h * h)%float in (h * (1 + - (s * (third_float + - (s * fifteenth_float)))))%float.
(** How much tanh rises from where it is [a] in a step with the tangent [t]. *)
Definition tanh_rise (a t : float) : float :=
  let z := (a * t)%float in
  (t * (1 + - (a * a)) * (1 + - (z * (1 + - (z * (1 + - (z * (1 + - z))))))))%float.

Lemma smallest_tiny : smallest <= / 2 ^ 52.
Proof.
  unfold smallest. replace (/ 2 ^ 52) with (Raux.bpow Zaux.radix2 (-52)) by (simpl; lra). apply Raux.bpow_le. lia.
Qed.
Lemma plus_tiny a b : finite (a + b) = true -> Rabs (toR a + toR b) <= 4 ->
  exists e, toR (a + b) = toR a + toR b + e /\ tiny e.
Proof.
  intros F B. exists (toR (a + b) - (toR a + toR b)). split; [ring|]. unfold tiny.
  eapply Rle_trans; [apply (plus_error _ _ F)|]. unfold unit_roundoff. lra.
Qed.
Lemma times_tiny a b : finite (a * b) = true -> Rabs (toR a * toR b) <= 2 ->
  exists e, toR (a * b) = toR a * toR b + e /\ tiny e.
Proof.
  intros F B. exists (toR (a * b) - toR a * toR b). split; [ring|]. unfold tiny. pose proof smallest_tiny.
  eapply Rle_trans; [apply (times_error _ _ F)|]. unfold unit_roundoff. lra.
Qed.
Lemma minus_finite a b : finite (a + - b) = true -> finite b = true.
Proof.
  intros F. apply finite_plus in F. destruct F as [_ F]. revert F.
  rewrite !(proj1 (toR_binary _)), IEEE754.PrimFloat.opp_equiv. now destruct (IEEE754.PrimFloat.Prim2B b).
Qed.
Lemma minus_tiny a b : finite (a + - b) = true -> Rabs (toR a - toR b) <= 4 ->
  exists e, toR (a + - b) = toR a - toR b + e /\ tiny e.
Proof.
  intros F B. pose proof (proj2 (opp_finite b (minus_finite a b F))) as O.
  destruct (plus_tiny a (- b) F) as [e [E T]]; [now rewrite O|]. exists e. split; auto. rewrite E, O. ring.
Qed.
Lemma toR_third : tiny (toR third_float - 1 / 3).
Proof.
  unfold tiny, toR, F.toR, F.toX. change (F.toF third_float) with (Basic.Float false 6004799503160661 (-54) : Basic.float F.radix).
  simpl. unfold Basic.FtoR. simpl. apply Rabs_le. lra.
Qed.
Lemma toR_fifteenth : tiny (toR fifteenth_float - 1 / 15).
Proof.
  unfold tiny, toR, F.toR, F.toX. change (F.toF fifteenth_float) with (Basic.Float false 4803839602528529 (-56) : Basic.float F.radix).
  simpl. unfold Basic.FtoR. simpl. apply Rabs_le. lra.
Qed.

Lemma tanh_near_ok h D d : finite (tanh_near h) = true -> Rabs (toR h) <= 1 / 127 -> tiny (D - toR h) ->
  0 <= d <= 2 / 15 * (D * D * (D * D)) ->
  Rabs (D * (1 - D * D / 3 + d) - toR (tanh_near h)) <= 22 / 10 ^ 13 /\ Rabs (toR (tanh_near h)) <= 1 / 125.
Proof.
  unfold tanh_near. cbv zeta. set (s := (h * h)%float). set (n := (s * fifteenth_float)%float).
  set (l := (third_float + - n)%float). set (m := (s * l)%float). set (w := (1 + - m)%float).
  intros F B BD Bd. pose proof toR_third as C. pose proof toR_fifteenth as Q.
  destruct (finite_times _ _ F) as [_ Fw]. pose proof (minus_finite _ _ Fw) as Fm.
  destruct (finite_times _ _ Fm) as [Fs Fl]. pose proof (minus_finite _ _ Fl) as Fn.
  destruct (times_tiny h h Fs) as [e1 [E1 T1]]; [small|]. fold s in E1. unfold tiny in *.
  set (c := toR third_float) in *. set (q := toR fifteenth_float) in *.
  assert (Bc : Rabs c <= 1) by (apply Raux.Rabs_le_inv in C; apply Rabs_le; lra).
  assert (Bq : Rabs q <= 1) by (apply Raux.Rabs_le_inv in Q; apply Rabs_le; lra).
  assert (Bs : Rabs (toR s) <= 1 / 1000) by (rewrite E1; small).
  destruct (times_tiny s _ Fn) as [e2 [E2 T2]]; [fold q; small|]. fold n q in E2. unfold tiny in *.
  assert (Bn : Rabs (toR n) <= 1) by (rewrite E2; small).
  destruct (minus_tiny _ _ Fl) as [e3 [E3 T3]]; [fold c; small|]. fold l c in E3. unfold tiny in *.
  assert (Bl : Rabs (toR l) <= 3) by (rewrite E3; small).
  destruct (times_tiny _ _ Fm) as [e4 [E4 T4]]; [small|]. fold m in E4. unfold tiny in *.
  assert (Bm : Rabs (toR m) <= 1 / 300) by (rewrite E4; small).
  destruct (minus_tiny _ _ Fw) as [e5 [E5 T5]]; [rewrite toR_1; small|]. fold w in E5. rewrite toR_1 in E5. unfold tiny in *.
  assert (Bw : Rabs (toR w) <= 101 / 100) by (rewrite E5; small).
  destruct (times_tiny _ _ F) as [e6 [E6 T6]]; [small|]. unfold tiny in *.
  split; [|rewrite E6; small].
  apply (core_t (toR h) D c q d (D - toR h) e1 e2 e3 e4 e5 e6 (toR s) (toR m) (toR w)); unfold tiny; auto; try ring.
  now rewrite E4, E3, E2.
Qed.

Lemma tanh_rise_ok a t T : finite (tanh_rise a t) = true -> Rabs (toR a) <= 1 -> Rabs (toR t) <= 1 / 125 ->
  Rabs (T - toR t) <= 22 / 10 ^ 13 ->
  let p := toR (tanh_rise a t) in
  Rabs (T * (1 - toR a * toR a) - p * (1 + toR a * T)) <= 27 / 10 ^ 13 /\ Rabs p <= 1 / 100.
Proof.
  unfold tanh_rise. cbv zeta. set (z := (a * t)%float). set (k1 := (1 + - z)%float). set (k2 := (z * k1)%float).
  set (k3 := (1 + - k2)%float). set (k4 := (z * k3)%float). set (k5 := (1 + - k4)%float).
  set (k6 := (z * k5)%float). set (k := (1 + - k6)%float).
  set (b := (a * a)%float). set (g := (1 + - b)%float). set (p1 := (t * g)%float).
  intros F Ba Bt BT. destruct (finite_times _ _ F) as [F1 Fk]. destruct (finite_times _ _ F1) as [_ Fg].
  pose proof (minus_finite _ _ Fg) as Fb. pose proof (minus_finite _ _ Fk) as F6.
  destruct (finite_times _ _ F6) as [Fz F5]. pose proof (minus_finite _ _ F5) as F4.
  destruct (finite_times _ _ F4) as [_ F3]. pose proof (minus_finite _ _ F3) as F2.
  destruct (finite_times _ _ F2) as [_ Fk1].
  destruct (times_tiny _ _ Fz) as [ez [Ez Tz]]; [small|]. fold z in Ez. unfold tiny in *.
  assert (Bz : Rabs (toR z) <= 1 / 100) by (rewrite Ez; small).
  destruct (minus_tiny _ _ Fk1) as [e8 [E1 T1]]; [rewrite toR_1; small|]. fold k1 in E1. rewrite toR_1 in E1. unfold tiny in *.
  assert (B1 : Rabs (toR k1) <= 2) by (rewrite E1; small).
  destruct (times_tiny _ _ F2) as [e9 [E2 T2]]; [small|]. fold k2 in E2. unfold tiny in *.
  assert (B2 : Rabs (toR k2) <= 1) by (rewrite E2; small).
  destruct (minus_tiny _ _ F3) as [f1 [E3 T3]]; [rewrite toR_1; small|]. fold k3 in E3. rewrite toR_1 in E3. unfold tiny in *.
  assert (B3 : Rabs (toR k3) <= 3) by (rewrite E3; small).
  destruct (times_tiny _ _ F4) as [f2 [E4 T4]]; [small|]. fold k4 in E4. unfold tiny in *.
  assert (B4 : Rabs (toR k4) <= 1) by (rewrite E4; small).
  destruct (minus_tiny _ _ F5) as [f3 [E5 T5]]; [rewrite toR_1; small|]. fold k5 in E5. rewrite toR_1 in E5. unfold tiny in *.
  assert (B5 : Rabs (toR k5) <= 3) by (rewrite E5; small).
  destruct (times_tiny _ _ F6) as [f6 [E6 T6]]; [small|]. fold k6 in E6. unfold tiny in *.
  assert (B6 : Rabs (toR k6) <= 1) by (rewrite E6; small).
  destruct (minus_tiny _ _ Fk) as [f7 [Ek Tk]]; [rewrite toR_1; small|]. fold k in Ek. rewrite toR_1 in Ek. unfold tiny in *.
  assert (Bk : Rabs (toR k) <= 3) by (rewrite Ek; small).
  destruct (times_tiny _ _ Fb) as [e5 [Eb Tb]]; [small|]. fold b in Eb. unfold tiny in *.
  assert (Bb : Rabs (toR b) <= 2) by (rewrite Eb; small).
  destruct (minus_tiny _ _ Fg) as [e6 [Eg Tg]]; [rewrite toR_1; small|]. fold g in Eg. rewrite toR_1 in Eg. unfold tiny in *.
  assert (Bg : Rabs (toR g) <= 4) by (rewrite Eg; small).
  destruct (times_tiny _ _ F1) as [f4 [Ep1 Tp1]]; [small|]. fold p1 in Ep1. unfold tiny in *.
  assert (Bp1 : Rabs (toR p1) <= 1 / 10) by (rewrite Ep1; small).
  destruct (times_tiny _ _ F) as [f5 [Ep Tp]]; [small|]. unfold tiny in *.
  eapply (core_p (toR t) (toR a) T (toR z) (toR k) (toR k1) (toR k2) (toR k3) (toR k4) (toR k5) (toR k6) (toR g) (toR b)
    (toR (p1 * k)) (toR p1) e5 e6 ez e8 e9 f1 f2 f3 f4 f5 f6 f7); unfold tiny; auto.
Qed.
