(** Operations on intervals: sums, products, quotients, intersections and hulls. *)
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
