(** Bounds of numbers in intervals: their largest size, middles and radii, products of bounds, and the
    least value of a parabola. *)
From Coq Require Import Reals List ZArith Lra Lia Psatz Bool Floats.
From Interval Require Import Float.Basic Float.Sig Real.Xreal Float.Primitive_ops.
From Certify Require Import Intervals Arithmetic.
Import ListNotations.
Local Open Scope R_scope.

(** * Sizes *)

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
#[global] Arguments neg : simpl never.
#[global] Arguments contains : simpl never.
