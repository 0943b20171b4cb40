(** Operations on intervals, and bounds of quadratics on [-1, 1]. *)
From Coq Require Import Reals List ZArith Lra Lia Psatz Bool Floats.
From Interval Require Import Float.Basic Float.Sig Interval.Interval Interval.Float
  Interval.Float_full Real.Xreal Float.Primitive_ops.
From Certify Require Import Intervals.
Import ListNotations.
Local Open Scope R_scope.

(** * Zeros are exact *)

Definition is_eq (f g : float) : bool := PrimFloat.eqb f g.
Lemma is_eq_compare f g : is_eq f g = match PrimFloat.compare f g with FEq => true | _ => false end.
Proof.
  unfold is_eq. rewrite FloatAxioms.eqb_spec, FloatAxioms.compare_spec. unfold SpecFloat.SFeqb.
  now destruct (SpecFloat.SFcompare _ _) as [[]|].
Qed.
Lemma is_eq_finite f g : finite g = true -> is_eq f g = true -> finite f = true /\ toR f = toR g.
Proof.
  rewrite is_eq_compare. intros B H. destruct (finite f) eqn:A.
  - rewrite (cmp_real f g A B) in H.
    destruct (Raux.Rcompare_spec (toR f) (toR g)); try discriminate; auto.
  - exfalso. pose proof (F.cmp_correct f g) as C. unfold F.cmp in C. rewrite !finite_real in *.
    rewrite F.classify_correct in A, B. destruct (F.classify g); try discriminate B.
    destruct (F.classify f); try discriminate A; destruct (PrimFloat.compare f g); discriminate.
Qed.

Definition is_zero (i : interval) : bool := is_eq (low i) 0 && is_eq (high i) 0.
Lemma is_zero_ok i x : is_zero i = true -> contains i x -> x = 0.
Proof.
  unfold is_zero. intros H [L U]. apply andb_prop in H; destruct H as [A B].
  apply is_eq_finite in A; auto. apply is_eq_finite in B; auto.
  apply finite_lower in L; [|tauto]. apply finite_upper in U; [|tauto]. rewrite toR_0 in *. lra.
Qed.

Definition is_one (i : interval) : bool := is_eq (low i) 1 && is_eq (high i) 1.
Lemma is_one_ok i x : is_one i = true -> contains i x -> x = 1.
Proof.
  unfold is_one. intros H [L U]. apply andb_prop in H; destruct H as [A B].
  apply is_eq_finite in A; auto. apply is_eq_finite in B; auto.
  apply finite_lower in L; [|tauto]. apply finite_upper in U; [|tauto]. rewrite toR_1 in *. lra.
Qed.

(** * Sums *)

Definition add (a b : interval) : interval :=
  Ends (down (low a + low b)) (up (high a + high b)).
Definition sub (a b : interval) : interval :=
  Ends (down (low a - high b)) (up (high a - low b)).
Lemma add_ok a b x y : contains a x -> contains b y -> contains (add a b) (x + y).
Proof. intros [A1 A2] [B1 B2]. split; [now apply add_lower|now apply add_upper]. Qed.
Lemma sub_ok a b x y : contains a x -> contains b y -> contains (sub a b) (x - y).
Proof. intros [A1 A2] [B1 B2]. split; [now apply sub_lower|now apply sub_upper]. Qed.

(** Sums of ends that are exact when a part is 0, and differences of equal ends. *)
Definition add_down (a b : float) : float :=
  if is_eq a 0 then b else if is_eq b 0 then a else
  if is_eq a (- b) && finite b then 0%float else down (a + b).
Definition add_up (a b : float) : float :=
  if is_eq a 0 then b else if is_eq b 0 then a else
  if is_eq a (- b) && finite b then 0%float else up (a + b).

Lemma opp_finite f : finite f = true -> finite (- f) = true /\ toR (- f) = - toR f.
Proof.
  intros H. pose proof (F.neg_correct f) as N. pose proof (finite_X f H) as X. rewrite finite_real in *.
  assert (C := H). rewrite F.classify_correct in C. destruct (F.classify f); try discriminate.
  change (F.neg f) with (- f)%float in N. rewrite X in N.
  simpl in N. rewrite F.real_correct. unfold toR at 1, F.toR. rewrite N. auto.
Qed.

Lemma add_down_ok a b x y : lower a x -> lower b y -> lower (add_down a b) (x + y).
Proof.
  intros A B. unfold add_down. destruct (is_eq a 0) eqn:E.
  { apply is_eq_finite in E; auto. apply finite_lower in A; [|tauto].
    apply (lower_le _ y); auto. rewrite toR_0 in E. lra. }
  destruct (is_eq b 0) eqn:G.
  { apply is_eq_finite in G; auto. apply finite_lower in B; [|tauto].
    apply (lower_le _ x); auto. rewrite toR_0 in G. lra. }
  destruct (is_eq a (- b) && finite b) eqn:K; [|now apply add_lower].
  apply andb_prop in K; destruct K as [K V]. destruct (opp_finite b V) as [V' N].
  apply is_eq_finite in K; auto. apply finite_lower; auto.
  apply finite_lower in A; [|tauto]. apply finite_lower in B; auto. rewrite toR_0. lra.
Qed.
Lemma add_up_ok a b x y : upper a x -> upper b y -> upper (add_up a b) (x + y).
Proof.
  intros A B. unfold add_up. destruct (is_eq a 0) eqn:E.
  { apply is_eq_finite in E; auto. apply finite_upper in A; [|tauto].
    apply (upper_le _ y); auto. rewrite toR_0 in E. lra. }
  destruct (is_eq b 0) eqn:G.
  { apply is_eq_finite in G; auto. apply finite_upper in B; [|tauto].
    apply (upper_le _ x); auto. rewrite toR_0 in G. lra. }
  destruct (is_eq a (- b) && finite b) eqn:K; [|now apply add_upper].
  apply andb_prop in K; destruct K as [K V]. destruct (opp_finite b V) as [V' N].
  apply is_eq_finite in K; auto. apply finite_upper; auto.
  apply finite_upper in A; [|tauto]. apply finite_upper in B; auto. rewrite toR_0. lra.
Qed.

Definition sum (a b : interval) : interval :=
  Ends (add_down (low a) (low b)) (add_up (high a) (high b)).
Lemma sum_ok a b x y : contains a x -> contains b y -> contains (sum a b) (x + y).
Proof. intros [A1 A2] [B1 B2]. split; [now apply add_down_ok|now apply add_up_ok]. Qed.

(** * Products *)

Inductive sign := Zero | Minus | Plus | Both.
Definition sign_of (l u : float) : sign :=
  match PrimFloat.compare l 0 with
  | FEq => match PrimFloat.compare u 0 with FEq => Zero | FLt => Minus | _ => Plus end
  | FGt => match PrimFloat.compare u 0 with FEq | FLt => Minus | _ => Plus end
  | _ => match PrimFloat.compare u 0 with FEq | FLt => Minus | _ => Both end
  end.
Definition smaller (x y : float) : float :=
  match PrimFloat.compare x y with FGt => y | FNotComparable => nan | _ => x end.
Definition larger (x y : float) : float :=
  match PrimFloat.compare x y with FLt => y | FNotComparable => nan | _ => x end.
Definition outward (l u : float) : interval := Ends (down l) (up u).

Definition mul (a b : interval) : interval :=
  let '(Ends al au) := a in
  let '(Ends bl bu) := b in
  match sign_of al au with
  | Zero => zero
  | Minus =>
    match sign_of bl bu with
    | Zero => zero
    | Minus => outward (au * bu) (al * bl)
    | Plus => outward (al * bu) (au * bl)
    | Both => outward (al * bu) (al * bl)
    end
  | Plus =>
    match sign_of bl bu with
    | Zero => zero
    | Minus => outward (au * bl) (al * bu)
    | Plus => outward (al * bl) (au * bu)
    | Both => outward (au * bl) (au * bu)
    end
  | Both =>
    match sign_of bl bu with
    | Zero => zero
    | Minus => outward (au * bl) (al * bl)
    | Plus => outward (al * bu) (au * bu)
    | Both => Ends (smaller (down (al * bu)) (down (au * bl)))
                   (larger (up (al * bl)) (up (au * bu)))
    end
  end%float.

(** [I.mul], unfolded to primitive operations. *)
Lemma mul_eq a b : to (mul a b) = I.mul p53 (to a) (to b).
Proof.
  destruct a as [al au], b as [bl bu].
  unfold mul, to, I.mul, I.sign_large_, sign_of; cbn [low high].
  change I.F.cmp with F.cmp. unfold F.cmp. change I.F.zero with 0%float.
  destruct (PrimFloat.compare al 0), (PrimFloat.compare au 0), (PrimFloat.compare bl 0),
    (PrimFloat.compare bu 0); reflexivity.
Qed.
Lemma mul_ok a b x y : contains a x -> contains b y -> contains (mul a b) (x * y).
Proof.
  rewrite !to_iff, mul_eq. exact (I.mul_correct p53 (to a) (to b) (Xreal x) (Xreal y)).
Qed.

Definition sqr (a : interval) : interval := of (I.sqr p53 (to a)).
Lemma sqr_ok a x : contains a x -> contains (sqr a) (x * x).
Proof. rewrite to_iff. intros H. apply of_ok. exact (I.sqr_correct p53 (to a) (Xreal x) H). Qed.

(** A product of numbers with known signs is not rounded across 0. *)
Definition signed_mul (a b : interval) : interval :=
  let m := mul a b in
  if is_lt (low m) 0 && (nonnegative a && nonnegative b || nonpositive a && nonpositive b)
  then Ends 0 (high m)
  else if is_lt 0 (high m) && (nonnegative a && nonpositive b || nonpositive a && nonnegative b)
  then Ends (low m) 0 else m.
Lemma signed_mul_ok a b x y : contains a x -> contains b y -> contains (signed_mul a b) (x * y).
Proof.
  intros A B. pose proof (mul_ok _ _ _ _ A B) as M. unfold signed_mul.
  destruct (is_lt (low (mul a b)) 0 && _) eqn:E.
  { apply andb_prop in E; destruct E as [_ E]. apply orb_prop in E.
    split; [|apply M]. apply finite_lower; auto. cbn [low]. rewrite toR_0.
    destruct E as [E|E]; apply andb_prop in E; destruct E as [E1 E2].
    - pose proof (nonnegative_ok _ _ E1 A). pose proof (nonnegative_ok _ _ E2 B). nra.
    - pose proof (nonpositive_ok _ _ E1 A). pose proof (nonpositive_ok _ _ E2 B). nra. }
  destruct (is_lt 0 (high (mul a b)) && _) eqn:G; [|exact M].
  apply andb_prop in G; destruct G as [_ G]. apply orb_prop in G.
  split; [apply M|]. apply finite_upper; auto. cbn [high]. rewrite toR_0.
  destruct G as [G|G]; apply andb_prop in G; destruct G as [E1 E2].
  - pose proof (nonnegative_ok _ _ E1 A). pose proof (nonpositive_ok _ _ E2 B). nra.
  - pose proof (nonpositive_ok _ _ E1 A). pose proof (nonnegative_ok _ _ E2 B). nra.
Qed.

(** The product with a factor that is one number, known by its sign; ends that are 0 stay so, as
    the numbers next to 0 would slow everything down, and a claim may need them. *)
Definition times_down (a w : float) : float := if is_eq a 0 then 0%float else down (a * w).
Definition times_up (a w : float) : float := if is_eq a 0 then 0%float else up (a * w).
Definition scale (w a : interval) : interval :=
  if is_eq (low w) (high w) && finite (high w) then
    match PrimFloat.compare (low w) 0 with
    | FGt => Ends (times_down (low a) (low w)) (times_up (high a) (low w))
    | FLt => Ends (times_down (high a) (low w)) (times_up (low a) (low w))
    | FEq => zero
    | FNotComparable => unbounded
    end
  else signed_mul w a.

Lemma scale_ok w a x y : contains w x -> contains a y -> contains (scale w a) (x * y).
Proof.
  intros W A. unfold scale. pose proof (signed_mul_ok _ _ _ _ W A) as M.
  destruct (is_eq (low w) (high w) && finite (high w)) eqn:E; auto. clear M.
  apply andb_prop in E; destruct E as [E N']. apply is_eq_finite in E; auto. destruct E as [N E].
  assert (Ex : x = toR (low w)).
  { destruct W as [W1 W2]. apply finite_lower in W1; auto. apply finite_upper in W2; auto. lra. }
  pose proof (I.mul_mixed_correct p53 (low w) (to a) (Xreal y) (proj1 (to_iff a y) A)) as K.
  change (I.F.toX (low w)) with (F.toX (low w)) in K. rewrite (finite_X _ N), <- Ex in K.
  simpl in K. rewrite Rmult_comm in K. apply of_ok in K. revert K.
  unfold I.mul_mixed, to; cbn [low high].
  change I.F.real with F.real. rewrite <- finite_real, N. change I.F.cmp with F.cmp. unfold F.cmp.
  change I.F.zero with 0%float. rewrite (cmp_real (low w) 0 N eq_refl), toR_0, <- Ex.
  assert (Z : forall f, is_eq f 0 = true -> finite f = true /\ toR f = 0)
    by (intros f H; apply is_eq_finite in H; auto; rewrite toR_0 in H; exact H).
  unfold times_down, times_up. destruct A as [A1 A2].
  destruct (Raux.Rcompare_spec x 0) as [L|L|L]; intros [K1 K2].
  - split; cbn [low high].
    + destruct (is_eq (high a) 0) eqn:H; [|exact K1]. destruct (Z _ H) as [F0 V0].
      apply finite_upper in A2; auto. apply finite_lower; auto. rewrite toR_0. nra.
    + destruct (is_eq (low a) 0) eqn:H; [|exact K2]. destruct (Z _ H) as [F0 V0].
      apply finite_lower in A1; auto. apply finite_upper; auto. rewrite toR_0. nra.
  - rewrite L, Rmult_0_l. apply zero_ok.
  - split; cbn [low high].
    + destruct (is_eq (low a) 0) eqn:H; [|exact K1]. destruct (Z _ H) as [F0 V0].
      apply finite_lower in A1; auto. apply finite_lower; auto. rewrite toR_0. nra.
    + destruct (is_eq (high a) 0) eqn:H; [|exact K2]. destruct (Z _ H) as [F0 V0].
      apply finite_upper in A2; auto. apply finite_upper; auto. rewrite toR_0. nra.
Qed.

(** * Quotients, intersections, hulls *)

Definition div (a b : interval) : interval := of (I.div p53 (to a) (to b)).
Lemma div_ok a b x y : contains a x -> contains b y -> y <> 0 -> contains (div a b) (x / y).
Proof.
  intros A B N. apply to_iff in A, B. apply of_ok.
  generalize (I.div_correct p53 (to a) (to b) (Xreal x) (Xreal y) A B). simpl. unfold Xdiv'.
  destruct (is_zero_spec y); [contradiction|auto].
Qed.
Definition inv (a : interval) : interval := div one a.
Lemma inv_ok a x : contains a x -> x <> 0 -> contains (inv a) (/ x).
Proof.
  intros A N. replace (/ x) with (1 / x) by (field; auto). apply div_ok; auto. apply one_ok.
Qed.

Definition tighter_low (a b : float) : float := if is_le a b then b else if is_le a a then a else b.
Definition tighter_high (a b : float) : float := if is_le b a then b else if is_le a a then a else b.
Definition meet (a b : interval) : interval :=
  Ends (tighter_low (low a) (low b)) (tighter_high (high a) (high b)).
Lemma meet_ok a b x : contains a x -> contains b x -> contains (meet a b) x.
Proof.
  intros [A1 A2] [B1 B2]. unfold meet, tighter_low, tighter_high. split; cbn [low high].
  - destruct is_le; auto. destruct is_le; auto.
  - destruct is_le; auto. destruct is_le; auto.
Qed.

Definition hull (a b : interval) : interval := of (I.join (to a) (to b)).
Lemma hull_left a b x : contains a x -> contains (hull a b) x.
Proof. intros H. apply of_ok. apply I.join_correct. left. now apply to_iff. Qed.
Lemma hull_right a b x : contains b x -> contains (hull a b) x.
Proof. intros H. apply of_ok. apply I.join_correct. right. now apply to_iff. Qed.

(** * Sizes *)

Lemma upper_trans u w x : upper u x -> F.valid_ub w = true -> is_le u w = true -> upper w x.
Proof.
  intros [V L] W H. destruct (finite u) eqn:A.
  - split; auto. destruct (F.toX w) as [|r] eqn:E; auto.
    assert (B : finite w = true) by (rewrite finite_real, F.real_correct, E; reflexivity).
    unfold is_le in H. rewrite (cmp_real u w A B) in H. rewrite (finite_X u A) in L.
    rewrite (finite_X w B) in E. inversion E; subst.
    destruct (Raux.Rcompare_spec (toR u) (toR w)); try discriminate; lra.
  - split; auto. destruct (F.toX w) as [|r] eqn:E; auto. exfalso.
    assert (B : finite w = true) by (rewrite finite_real, F.real_correct, E; reflexivity).
    pose proof (F.cmp_correct u w) as C. unfold F.cmp, is_le in *. rewrite !finite_real in *.
    rewrite F.classify_correct in A, B. rewrite F.valid_ub_correct in V.
    destruct (F.classify w); try discriminate B.
    destruct (F.classify u); try discriminate; destruct (PrimFloat.compare u w); discriminate.
Qed.

(** The largest size of a number in the interval. *)
Definition size (i : interval) : float :=
  let m := (- low i)%float in
  if is_le m (high i) then high i else if is_le (high i) m then m else nan.
Lemma size_ok i x : contains i x -> upper (size i) (Rabs x).
Proof.
  intros [L U]. pose proof (opp_upper _ _ L) as M. unfold size.
  destruct (is_le (- low i) (high i)) eqn:E.
  - pose proof (upper_trans _ _ _ M (proj1 U) E). unfold Rabs; destruct Rcase_abs; auto.
  - destruct (is_le (high i) (- low i)) eqn:G; [|apply unbounded_ok].
    pose proof (upper_trans _ _ _ U (proj1 M) G). unfold Rabs; destruct Rcase_abs; auto.
Qed.

Definition balanced (r : float) : interval := Ends (- r) r.
Lemma balanced_ok r x b : upper r b -> Rabs x <= b -> contains (balanced r) x.
Proof.
  intros H A. split; simpl.
  - apply (lower_le _ (- b)); [now apply opp_lower|]. revert A; unfold Rabs; destruct Rcase_abs; lra.
  - apply (upper_le _ b); auto. revert A; unfold Rabs; destruct Rcase_abs; lra.
Qed.

Definition middle (i : interval) : float := (0.5 * low i + 0.5 * high i)%float.

(** [x = m + r t] with [t] in [-1, 1]; None if the interval has no finite middle or radius. *)
Definition centred (i : interval) : option (float * float) :=
  let m := middle i in
  let r := size (sub i (point m)) in
  if finite m && (finite r && is_le 0 r) then Some (m, r) else None.
Lemma centred_ok i m r x : centred i = Some (m, r) -> contains i x ->
  finite m = true /\ finite r = true /\ exists t, -1 <= t <= 1 /\ x = toR m + toR r * t.
Proof.
  unfold centred. destruct (_ && _) eqn:E; [|discriminate]. intros K X. inversion K; subst m r.
  apply andb_prop in E; destruct E as [E1 E]. apply andb_prop in E; destruct E as [E2 E3].
  pose proof (size_ok _ _ (sub_ok _ _ _ _ X (point_ok _ E1))) as S.
  apply finite_upper in S; auto. set (m := middle i) in *. set (r := size _) in *.
  do 2 (split; auto). destruct (Req_dec (toR r) 0) as [Z|N].
  - exists 0. split; [lra|]. rewrite Z in *. revert S; unfold Rabs; destruct Rcase_abs; lra.
  - pose proof (Rabs_pos (x - toR m)). exists ((x - toR m) / toR r). split; [|field; auto].
    split; (apply Rmult_le_reg_r with (toR r); [lra|]); unfold Rdiv;
      rewrite Rmult_assoc, Rinv_l by auto; revert S; unfold Rabs; destruct Rcase_abs; lra.
Qed.

Lemma upper_0 : upper 0 0.
Proof. apply finite_upper; auto. rewrite toR_0. lra. Qed.

(** Products of upper bounds of what is not negative. *)
Definition mul_up (a b : float) : float :=
  if is_eq a 0 then 0%float else if is_eq b 0 then 0%float else up (a * b).

Lemma mul_up_ok a b x y : upper a x -> upper b y -> 0 <= x -> 0 <= y -> upper (mul_up a b) (x * y).
Proof.
  intros A B X Y. unfold mul_up. destruct (is_eq a 0) eqn:E.
  { apply is_eq_finite in E; auto. rewrite toR_0 in E. apply finite_upper in A; [|tauto].
    replace x with 0 by lra. rewrite Rmult_0_l. apply upper_0. }
  destruct (is_eq b 0) eqn:G.
  { apply is_eq_finite in G; auto. rewrite toR_0 in G. apply finite_upper in B; [|tauto].
    replace y with 0 by lra. rewrite Rmult_0_r. apply upper_0. }
  destruct A as [V A], B as [W B].
  destruct (F.mul_UP_correct p53 a b) as [K H].
  - left. unfold F.is_non_neg.
    split; split; auto; [destruct (F.toX a)|destruct (F.toX b)]; auto; lra.
  - split; [exact K|]. change (F.mul_UP p53 a b) with (up (a * b)) in H. unfold le_upper in H.
    destruct (F.toX (up (a * b))) as [|z]; auto.
    destruct (F.toX a) as [|p]; [destruct H|]. destruct (F.toX b) as [|q]; [destruct H|].
    simpl in H. assert (x * y <= p * q) by (apply Rmult_le_compat; lra). lra.
Qed.

Definition half : interval := point 0.5.
Lemma half_ok : contains half (1 / 2).
Proof.
  assert (E : toR 0.5 = 1 / 2).
  { unfold toR, F.toR, F.toX. cbv -[IZR Rdiv Rmult Rinv]. lra. }
  rewrite <- E. now apply point_ok.
Qed.

(** * The least value of b x + a x^2 on [-1, 1], from below *)

Definition least (a b : float) : float :=
  if finite a && finite b then
    if is_lt 0 a then
      if is_le (up (a + a)) b then add_down a (- b)
      else low (neg (div (sqr (point b)) (mul (add two two) (point a))))
    else add_down a (- b)
  else nan.

Lemma least_ok al bu a b x : lower al a -> upper bu (Rabs b) -> -1 <= x <= 1 ->
  lower (least al bu) (b * x + a * (x * x)).
Proof.
  intros A B X. unfold least. destruct (finite al && finite bu) eqn:E; [|apply unbounded_ok].
  apply andb_prop in E; destruct E as [Fa Fb].
  apply finite_lower in A; auto. apply finite_upper in B; auto.
  pose proof (proj2 (finite_lower al _ Fa) (Rle_refl _)) as Al.
  pose proof (proj2 (finite_upper bu _ Fb) (Rle_refl _)) as Bl.
  set (l := toR al) in *. set (u := toR bu) in *.
  assert (Hb : - u <= b <= u) by (revert B; unfold Rabs; destruct Rcase_abs; lra).
  assert (Hx : 0 <= x * x <= 1) by nra.
  assert (Ha : l * (x * x) <= a * (x * x)) by (apply Rmult_le_compat_r; lra).
  pose proof (add_down_ok _ _ _ _ Al (opp_lower _ _ Bl)) as D.
  change (l + - u) with (l - u) in D.
  destruct (is_lt 0 al) eqn:P.
  - assert (L : 0 < l).
    { unfold l. rewrite <- toR_0. apply (lt_finite 0%float al); auto. }
    destruct (is_le (up (al + al)) bu) eqn:Q.
    + apply (lower_le _ (l - u)); auto.
      assert (l + l <= u).
      { apply (finite_ge bu (up (al + al))); auto. apply add_upper; (apply (proj2 (finite_upper al l Fa)); apply Rle_refl). }
      destruct (Rle_dec 0 x).
      * assert (0 <= l * (1 - x)) by (apply Rmult_le_pos; lra).
        assert (0 <= (1 - x) * (u - l - l * x)) by (apply Rmult_le_pos; lra).
        assert (0 <= (u + b) * x) by (apply Rmult_le_pos; lra). lra.
      * assert (0 <= l * (1 + x)) by (apply Rmult_le_pos; lra).
        assert (0 <= (1 + x) * (u - l + l * x)) by (apply Rmult_le_pos; lra).
        assert (0 <= (u - b) * - x) by (apply Rmult_le_pos; lra). lra.
    + apply (lower_le _ (- (u * u / ((2 + 2) * l)))).
      * apply neg_ok. apply div_ok; [apply sqr_ok, point_ok; auto| |lra].
        apply mul_ok; [apply add_ok; apply two_ok|now apply point_ok].
      * apply (Rplus_le_reg_r (u * u / ((2 + 2) * l))).
        apply (Rle_trans _ 0); [lra|]. apply (Rmult_le_reg_r ((2 + 2) * l)); [lra|].
        replace ((b * x + a * (x * x) + u * u / ((2 + 2) * l)) * ((2 + 2) * l)) with
          (4 * l * (b * x + a * (x * x)) + u * u) by (field; lra).
        assert (b * b <= u * u) by nra.
        pose proof (Rle_0_sqr (2 * l * x + b)) as S. unfold Rsqr in S.
        assert (0 <= l * (a * (x * x) - l * (x * x))) by (apply Rmult_le_pos; lra). lra.
  - apply (lower_le _ (l - u)); auto.
    assert (L : l <= 0).
    { unfold is_lt in P. rewrite (cmp_real 0%float al) in P by auto. rewrite toR_0 in P. unfold l.
      destruct (Raux.Rcompare_spec 0 (toR al)); try discriminate; lra. }
    assert (l <= l * (x * x)) by nra. nra.
Qed.

(** The range of b x + a x^2. *)
Definition parabola (a b : interval) : interval :=
  let r := size b in Ends (least (low a) r) (- least (- high a) r).
Lemma parabola_ok i j a b x : contains i a -> contains j b -> -1 <= x <= 1 ->
  contains (parabola i j) (b * x + a * (x * x)).
Proof.
  intros [A1 A2] B X. pose proof (size_ok _ _ B) as S. split; simpl.
  - now apply least_ok.
  - replace (b * x + a * (x * x)) with (- ((- b) * x + (- a) * (x * x))) by ring.
    apply opp_upper. apply least_ok; auto; [now apply opp_lower|]. now rewrite Rabs_Ropp.
Qed.

(* Later proofs use the lemmas alone. *)
#[global] Arguments add : simpl never.
#[global] Arguments sub : simpl never.
#[global] Arguments sum : simpl never.
#[global] Arguments mul : simpl never.
#[global] Arguments sqr : simpl never.
#[global] Arguments scale : simpl never.
#[global] Arguments signed_mul : simpl never.
#[global] Arguments div : simpl never.
#[global] Arguments inv : simpl never.
#[global] Arguments meet : simpl never.
#[global] Arguments hull : simpl never.
#[global] Arguments parabola : simpl never.
#[global] Arguments neg : simpl never.
#[global] Arguments contains : simpl never.
