(** Outward-rounded intervals with binary64 ends, on Coq's primitive floats.

    An end that is not a finite number bounds nothing.  Soundness of the basic operations is that
    of coq-interval (G. Melquiond, Floating-point arithmetic in the Coq system, 2012), on top of
    Flocq's proof that primitive floats are IEEE 754 binary64. *)
From Coq Require Import Reals List ZArith Lra Lia Psatz Bool Floats.
From Flocq.IEEE754 Require Import BinarySingleNaN.
From Flocq.IEEE754 Require PrimFloat.
From Interval Require Import Float.Basic Float.Sig Interval.Interval Interval.Float
  Interval.Float_full Real.Xreal Float.Primitive_ops.
Import ListNotations.
Local Open Scope R_scope.

Notation float := PrimFloat.float.
Module F := PrimitiveFloat.
Module I := FloatIntervalFull F.

Record interval := Ends { low : float; high : float }.

(** [low] is a lower bound of [x]; an end without a value is a bound of everything. *)
Definition lower (l : float) (x : R) : Prop :=
  F.valid_lb l = true /\ match F.toX l with Xnan => True | Xreal r => r <= x end.
Definition upper (u : float) (x : R) : Prop :=
  F.valid_ub u = true /\ match F.toX u with Xnan => True | Xreal r => x <= r end.
Definition contains (i : interval) (x : R) : Prop := lower (low i) x /\ upper (high i) x.

(** * The same in the terms of coq-interval *)

Definition to (a : interval) : I.type := Float.Ibnd (low a) (high a).
Definition of (i : I.type) : interval :=
  match i with Float.Ibnd l h => Ends l h | Float.Inan => Ends nan nan end.
Definition inside (i : I.type) (x : R) : Prop := Interval.contains (I.convert i) (Xreal x).

Lemma to_iff i x : contains i x <-> inside (to i) x.
Proof.
  destruct i as [l u]. unfold contains, inside, lower, upper, to, I.convert; cbn [low high].
  change (I.F.valid_lb l) with (F.valid_lb l). change (I.F.valid_ub u) with (F.valid_ub u).
  change (I.F.toX l) with (F.toX l). change (I.F.toX u) with (F.toX u).
  destruct (F.valid_lb l), (F.valid_ub u); simpl; split; intros H; try tauto; try lra;
    try (destruct H as [[]]; discriminate); destruct H as [[? ?] [? ?]]; discriminate.
Qed.

Lemma of_ok i x : inside i x -> contains (of i) x.
Proof.
  destruct i; intros H; apply to_iff; auto. unfold inside.
  change (I.convert (to (of Float.Inan))) with (Interval.Ibnd Xnan Xnan). simpl; auto.
Qed.

Definition p53 : F.precision := F.PtoP 53%positive.

Definition unbounded : interval := Ends nan nan.
Lemma unbounded_ok x : contains unbounded x.
Proof. apply (of_ok Float.Inan). exact I. Qed.

(** * Points *)

(** A product with 0 is 0 for a finite number alone: one comparison in the program. *)
Definition finite (f : float) : bool := PrimFloat.eqb (0 * f) 0.
Lemma finite_real f : finite f = F.real f.
Proof.
  unfold finite. rewrite F.real_correct, F.toX_Prim2B.
  rewrite IEEE754.PrimFloat.eqb_equiv, IEEE754.PrimFloat.mul_equiv.
  replace (IEEE754.PrimFloat.Prim2B 0) with (B754_zero false : binary_float FloatOps.prec FloatOps.emax)
    by (apply B2SF_inj; now rewrite IEEE754.PrimFloat.B2SF_Prim2B).
  destruct (IEEE754.PrimFloat.Prim2B f) as [[]|[]| |[]]; reflexivity.
Qed.
Definition toR (f : float) : R := F.toR f.
Definition point (f : float) : interval := Ends f f.

Lemma finite_X f : finite f = true -> F.toX f = Xreal (toR f).
Proof.
  rewrite finite_real. unfold toR, F.toR. rewrite F.real_correct. destruct (F.toX f); [discriminate|reflexivity].
Qed.
Lemma finite_lower f x : finite f = true -> lower f x <-> toR f <= x.
Proof.
  intros H. unfold lower. rewrite (finite_X f H).
  assert (V : F.valid_lb f = true).
  { rewrite F.valid_lb_correct. rewrite finite_real in H. rewrite F.classify_correct in H.
    destruct (F.classify f); auto; discriminate. }
  rewrite V. tauto.
Qed.
Lemma finite_upper f x : finite f = true -> upper f x <-> x <= toR f.
Proof.
  intros H. unfold upper. rewrite (finite_X f H).
  assert (V : F.valid_ub f = true).
  { rewrite F.valid_ub_correct. rewrite finite_real in H. rewrite F.classify_correct in H.
    destruct (F.classify f); auto; discriminate. }
  rewrite V. tauto.
Qed.
Lemma point_ok f : finite f = true -> contains (point f) (toR f).
Proof. intros H. split; [apply finite_lower|apply finite_upper]; auto; simpl; lra. Qed.

Definition zero := point 0. Definition one := point 1. Definition two := point 2.
Lemma toR_Z f n : F.toX f = Xreal (IZR n) -> toR f = IZR n.
Proof. unfold toR, F.toR. intros ->. reflexivity. Qed.
Lemma toR_0 : toR 0 = 0. Proof. apply (toR_Z 0 0), F.zero_correct. Qed.
Lemma toR_1 : toR 1 = 1.
Proof. apply (toR_Z 1 1). apply (F.fromZ_correct 1); simpl; lia. Qed.
Lemma toR_2 : toR 2 = 2.
Proof. apply (toR_Z 2 2). apply (F.fromZ_correct 2); simpl; lia. Qed.
Lemma zero_ok : contains zero 0.
Proof. pose proof (point_ok 0 eq_refl) as H. now rewrite toR_0 in H. Qed.
Lemma one_ok : contains one 1.
Proof. pose proof (point_ok 1 eq_refl) as H. now rewrite toR_1 in H. Qed.
Lemma two_ok : contains two 2.
Proof. pose proof (point_ok 2 eq_refl) as H. now rewrite toR_2 in H. Qed.

(** * Directed operations on ends *)

Definition down (f : float) : float := next_down f.
Definition up (f : float) : float := next_up f.

Lemma lower_le l x y : lower l x -> x <= y -> lower l y.
Proof. intros [V L] H. split; auto. destruct (F.toX l); auto; lra. Qed.
Lemma upper_le u x y : upper u x -> y <= x -> upper u y.
Proof. intros [V L] H. split; auto. destruct (F.toX u); auto; lra. Qed.

Lemma add_lower a b x y : lower a x -> lower b y -> lower (down (a + b)) (x + y).
Proof.
  intros [V L] [W M]. destruct (F.add_DN_correct p53 a b V W) as [K H].
  split; [exact K|]. change (F.add_DN p53 a b) with (down (a + b)) in H. unfold le_lower in H.
  destruct (F.toX (down (a + b))); auto. destruct (F.toX a), (F.toX b); simpl in H; try tauto. lra.
Qed.
Lemma add_upper a b x y : upper a x -> upper b y -> upper (up (a + b)) (x + y).
Proof.
  intros [V L] [W M]. destruct (F.add_UP_correct p53 a b V W) as [K H].
  split; [exact K|]. change (F.add_UP p53 a b) with (up (a + b)) in H. unfold le_upper in H.
  destruct (F.toX (up (a + b))); auto. destruct (F.toX a), (F.toX b); simpl in H; try tauto. lra.
Qed.
Lemma sub_lower a b x y : lower a x -> upper b y -> lower (down (a - b)) (x - y).
Proof.
  intros [V L] [W M]. destruct (F.sub_DN_correct p53 a b V W) as [K H].
  split; [exact K|]. change (F.sub_DN p53 a b) with (down (a - b)) in H. unfold le_lower in H.
  destruct (F.toX (down (a - b))); auto. destruct (F.toX a), (F.toX b); simpl in H; try tauto. lra.
Qed.
Lemma sub_upper a b x y : upper a x -> lower b y -> upper (up (a - b)) (x - y).
Proof.
  intros [V L] [W M]. destruct (F.sub_UP_correct p53 a b V W) as [K H].
  split; [exact K|]. change (F.sub_UP p53 a b) with (up (a - b)) in H. unfold le_upper in H.
  destruct (F.toX (up (a - b))); auto. destruct (F.toX a), (F.toX b); simpl in H; try tauto. lra.
Qed.

Definition neg (a : interval) : interval := Ends (- high a) (- low a).
Lemma neg_ok a x : contains a x -> contains (neg a) (- x).
Proof. rewrite !to_iff. exact (I.neg_correct (to a) (Xreal x)). Qed.
Lemma opp_lower u x : upper u x -> lower (- u) (- x).
Proof. intros H. apply (neg_ok (Ends nan u) x). split; auto. apply unbounded_ok. Qed.
Lemma opp_upper l x : lower l x -> upper (- l) (- x).
Proof. intros H. apply (neg_ok (Ends l nan) x). split; auto. apply unbounded_ok. Qed.

(** * Comparisons, which are false for what is not a number *)

Lemma cmp_real f g : finite f = true -> finite g = true -> PrimFloat.compare f g =
  match Raux.Rcompare (toR f) (toR g) with Eq => FEq | Lt => FLt | Gt => FGt end.
Proof.
  intros A B. pose proof (F.cmp_correct f g) as H. unfold F.cmp in H.
  rewrite !finite_real in *. rewrite F.classify_correct in A, B.
  pose proof (finite_X f) as X. pose proof (finite_X g) as Y. rewrite finite_real in X, Y.
  rewrite F.classify_correct in X, Y.
  destruct (F.classify f); try discriminate A. destruct (F.classify g); try discriminate B.
  rewrite X, Y in H by reflexivity. simpl in H.
  destruct (PrimFloat.compare f g), (Raux.Rcompare (toR f) (toR g)); try discriminate; reflexivity.
Qed.

Definition is_lt (f g : float) : bool := match PrimFloat.compare f g with FLt => true | _ => false end.
Definition is_le (f g : float) : bool :=
  match PrimFloat.compare f g with FLt | FEq => true | _ => false end.

Lemma lt_real f g : finite f = true -> finite g = true -> is_lt f g = true -> toR f < toR g.
Proof.
  intros A B H. unfold is_lt in H. rewrite (cmp_real f g A B) in H.
  destruct (Raux.Rcompare_spec (toR f) (toR g)); try discriminate; lra.
Qed.
Lemma le_real f g : finite f = true -> finite g = true -> is_le f g = true -> toR f <= toR g.
Proof.
  intros A B H. unfold is_le in H. rewrite (cmp_real f g A B) in H.
  destruct (Raux.Rcompare_spec (toR f) (toR g)); try discriminate; lra.
Qed.
Lemma lt_le f g : is_lt f g = true -> is_le f g = true.
Proof. unfold is_lt, is_le. now destruct (PrimFloat.compare f g). Qed.

(** A lower bound above a finite number is itself finite (it is not infinity), and so on. *)
Lemma below_real f g x : finite f = true -> is_le f g = true -> lower g x -> finite g = true.
Proof.
  intros A H [V _]. pose proof (F.cmp_correct f g) as C. unfold F.cmp, is_le in *. rewrite finite_real in *.
  rewrite F.classify_correct in *. rewrite F.valid_lb_correct in V.
  destruct (F.classify f); try discriminate A. destruct (F.classify g); auto;
  destruct (PrimFloat.compare f g); discriminate.
Qed.
Lemma above_real f g x : finite g = true -> is_le f g = true -> upper f x -> finite f = true.
Proof.
  intros A H [V _]. pose proof (F.cmp_correct f g) as C. unfold F.cmp, is_le in *. rewrite finite_real in *.
  rewrite F.classify_correct in *. rewrite F.valid_ub_correct in V.
  destruct (F.classify g); try discriminate A. destruct (F.classify f); auto;
  destruct (PrimFloat.compare f g); discriminate.
Qed.

Lemma lt_finite f l x : lower l x -> finite f = true -> is_lt f l = true -> toR f < x.
Proof.
  intros L A H. pose proof (below_real _ _ _ A (lt_le _ _ H) L) as B.
  pose proof (lt_real _ _ A B H). apply finite_lower in L; auto. lra.
Qed.
Lemma le_finite f l x : lower l x -> finite f = true -> is_le f l = true -> toR f <= x.
Proof.
  intros L A H. pose proof (below_real _ _ _ A H L) as B.
  pose proof (le_real _ _ A B H). apply finite_lower in L; auto. lra.
Qed.
Lemma finite_gt f u x : upper u x -> finite f = true -> is_lt u f = true -> x < toR f.
Proof.
  intros U A H. pose proof (above_real _ _ _ A (lt_le _ _ H) U) as B.
  pose proof (lt_real _ _ B A H). apply finite_upper in U; auto. lra.
Qed.
Lemma finite_ge f u x : upper u x -> finite f = true -> is_le u f = true -> x <= toR f.
Proof.
  intros U A H. pose proof (above_real _ _ _ A H U) as B.
  pose proof (le_real _ _ B A H). apply finite_upper in U; auto. lra.
Qed.
Lemma lower_trans l m x : lower m x -> F.valid_lb l = true -> is_le l m = true -> lower l x.
Proof.
  intros U W H. split; auto. destruct (F.toX l) as [|r] eqn:E; auto.
  assert (B : finite l = true) by (rewrite finite_real, F.real_correct, E; reflexivity).
  pose proof (below_real _ _ _ B H U) as A. pose proof (le_real _ _ B A H) as K. apply finite_lower in U; auto.
  rewrite (finite_X l B) in E. inversion E; subst. lra.
Qed.
Lemma upper_trans u w x : upper u x -> F.valid_ub w = true -> is_le u w = true -> upper w x.
Proof.
  intros U W H. split; auto. destruct (F.toX w) as [|r] eqn:E; auto.
  assert (B : finite w = true) by (rewrite finite_real, F.real_correct, E; reflexivity).
  pose proof (above_real _ _ _ B H U) as A. pose proof (le_real _ _ A B H) as K. apply finite_upper in U; auto.
  rewrite (finite_X w B) in E. inversion E; subst. lra.
Qed.
(** No number is in two intervals that are in order. *)
Lemma apart i j x : is_lt (high i) (low j) = true -> contains i x -> contains j x -> False.
Proof.
  destruct i as [l' u], j as [l u']. intros H [_ U] [L _]. cbn [low high] in *. destruct (finite u) eqn:A.
  - pose proof (lt_finite _ _ _ L A H). apply finite_upper in U; auto. lra.
  - destruct (finite l) eqn:B.
    + now rewrite (above_real _ _ _ B (lt_le _ _ H) U) in A.
    + destruct U as [V _], L as [W _]. pose proof (F.cmp_correct u l) as C. unfold F.cmp, is_lt in *.
      rewrite finite_real, F.classify_correct in A, B. rewrite F.valid_ub_correct in V. rewrite F.valid_lb_correct in W.
      destruct (F.classify u); try discriminate; destruct (F.classify l); try discriminate;
      destruct (PrimFloat.compare u l); discriminate.
Qed.

Definition positive (i : interval) : bool := is_lt 0 (low i).
Definition nonnegative (i : interval) : bool := is_le 0 (low i).
Definition nonpositive (i : interval) : bool := is_le (high i) 0.
Definition negative (i : interval) : bool := is_lt (high i) 0.
Lemma positive_ok i x : positive i = true -> contains i x -> 0 < x.
Proof. intros H [L _]. rewrite <- toR_0. eapply lt_finite; eauto. Qed.
Lemma nonnegative_ok i x : nonnegative i = true -> contains i x -> 0 <= x.
Proof. intros H [L _]. rewrite <- toR_0. eapply le_finite; eauto. Qed.
Lemma nonpositive_ok i x : nonpositive i = true -> contains i x -> x <= 0.
Proof. intros H [_ L]. rewrite <- toR_0. eapply finite_ge; eauto. Qed.
Lemma negative_ok i x : negative i = true -> contains i x -> x < 0.
Proof. intros H [_ L]. rewrite <- toR_0. eapply finite_gt; eauto. Qed.

Lemma connected i a b x : contains i a -> contains i b -> Rmin a b <= x <= Rmax a b -> contains i x.
Proof.
  intros [A1 A2] [B1 B2] H. unfold Rmin, Rmax in H. destruct Rle_dec in H.
  - split; [apply (lower_le _ a)|apply (upper_le _ b)]; auto; lra.
  - split; [apply (lower_le _ b)|apply (upper_le _ a)]; auto; lra.
Qed.
