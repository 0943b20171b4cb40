(** Taylor models: a polynomial and a range, both of which hold; and one rule for each operation.

    A rule takes models and returns one; its lemma says that the result is a model of the value.
    Degree 0 keeps the range alone, degree 1 drops squares, degree 2 keeps them. *)
From Coq Require Import Reals List Lra Lia Psatz Bool Floats Arith.
From Interval Require Import Float.Basic Float.Sig Real.Xreal.
From Certify Require Import Language Analysis Intervals Arithmetic Bounds Elementary Vectors Polynomials.
From Certify Require Import Products.
Import ListNotations.
Local Open Scope R_scope.

Record model := Model { body : poly; range : interval }.

Definition plain (i : interval) : model := Model (constant i) i.
Definition width (i : interval) : float := (high i - low i)%float.

(** The point at which a function is expanded: the centre of [p], moved into the range. *)
Definition expansion_point (p : poly) (r : interval) : float :=
  let m := middle (centre p) in
  if is_lt m (low r) then low r else if is_lt (high r) m then high r else m.

Definition thirdless (degree : nat) : bool := match degree with 2 => true | _ => false end.

Section Rules.
Variable degree : nat.

Definition closed (p : poly) (r : interval) : model := Model p (meet r (poly_range p)).
(** For rules that leave something out: give way to the range where that is no better. *)
Definition settled (p : poly) (r : interval) : model :=
  if is_le (width (centre p)) (width r) then closed p r else plain r.
(** Where there are squares, sums leave the range of the polynomial to those who need it. *)
Definition loose (p : poly) (r : interval) : model :=
  match squares p, degree with
  | _ :: _, 1 => Model p r
  | _, _ => closed p r
  end.
Definition with_degree (m : interval -> model) (r : interval) : model :=
  match degree with O => plain r | _ => m r end.

Definition add_model (a b : model) : model :=
  with_degree (loose (plus (body a) (body b))) (sum (range a) (range b)).
Definition neg_model (a : model) : model :=
  match degree with
  | O => plain (neg (range a))
  | _ => Model (opposite (body a)) (neg (range a))
  end.
Definition sub_model (a b : model) : model :=
  with_degree (loose (minus (body a) (body b))) (sum (range a) (neg (range b))).
Definition scale_model (w : interval) (a : model) : model :=
  with_degree (loose (times w (body a))) (scale w (range a)).
Definition mul_model (a b : model) : model :=
  if is_constant (body a) then scale_model (range a) b else
  if is_constant (body b) then scale_model (range b) a else
  with_degree (fun r => closed (product degree (body a) (body b)) r) (signed_mul (range a) (range b)).
Definition square_model (a : model) : model :=
  with_degree (fun r => closed (square degree (body a)) r) (sqr (range a)).

(** ** Kinks: any chord [k], and what is above it *)

Definition above (k : float) (r : interval) : float :=
  let left := high (mul (point k) (neg r)) in
  let right := high (mul (sub one (point k)) r) in
  if is_le left right then right else if is_le right left then left else nan.
Definition relu_chord (k : float) (a : model) : poly :=
  shifted (Ends 0 (above k (range a))) (times (point k) (body a)).
Definition abs_above (k : float) (r : interval) : float :=
  let left := high (mul (add one (point k)) (neg r)) in
  let right := high (mul (sub one (point k)) r) in
  if is_le left right then right else if is_le right left then left else nan.
Definition abs_chord (k : float) (a : model) : poly :=
  shifted (Ends 0 (abs_above k (range a))) (times (point k) (body a)).
Definition best_abs_chord (r : interval) : float := ((high r + low r) / (high r - low r))%float.
Definition right_abs_chord (k : float) : bool := finite k && (is_le (-1) k && is_le k 1).
Definition best_chord (r : interval) : float := (high r / (high r - low r))%float.
Definition right_chord (k : float) : bool := finite k && (is_le 0 k && is_le k 1).

Definition relu_model (a : model) : model :=
  let r := range a in
  if nonnegative r then a else if nonpositive r then plain zero else
  with_degree (fun r' =>
    let k := best_chord r in
    if right_chord k then settled (relu_chord k a) r' else plain r') (relu_range r).
Definition abs_model (a : model) : model :=
  let r := range a in
  if nonnegative r then a else if nonpositive r then neg_model a else
  with_degree (fun r' =>
    let k := best_abs_chord r in
    if right_abs_chord k then settled (abs_chord k a) r' else plain r')
    (abs_range r).

Definition max_range (a b : interval) : interval :=
  Ends (tighter_low (low a) (low b))
       (if is_le (high a) (high b) then high b else if is_le (high b) (high a) then high a else nan).
Definition max_model (a b : model) : model :=
  with_degree (loose (plus (body b) (body (relu_model (sub_model a b)))))
    (max_range (range a) (range b)).

(** ** Smooth functions: Taylor's formula about a point of the range *)

Definition taylor_model (g : fn) (a : model) : model :=
  let r := range a in
  match degree with
  | O => plain (value_range g r)
  | _ =>
    let '(r', bends) := value_bend g r in
    let t := expansion_point (body a) r in
    if all_bend g r && (finite t && (is_le (low r) t && is_le t (high r))) then
      let bend := scale half bends in
      let far := sqr (sub r (point t)) in
      let move := shifted (neg (point t)) (body a) in
      let '(value, slope) := value_slope g (point t) in
      if thirdless degree then
        let b := middle bend in
        if finite b then
          settled (plus (shifted (add value (mul (sub bend (point b)) far)) (times slope move))
                        (times (point b) (square degree move))) r'
        else plain r'
      else settled (shifted (add value (mul bend far)) (times slope move)) r'
    else plain r'
  end.

End Rules.

(** * Soundness *)

Definition models (z : nat -> R) (m : model) (v : R) : Prop :=
  contains (range m) v /\ describes z (body m) v.

Section Soundness.
Variables (degree : nat) (z : nat -> R).
Hypothesis Z : forall i, in_unit (z i).
Notation is m v := (models z m v).
Notation desc p v := (describes z p v).

Lemma plain_ok i v : contains i v -> is (plain i) v.
Proof. intros C. split; [exact C|now apply constant_ok]. Qed.
Lemma closed_ok p r v : contains r v -> desc p v -> is (closed p r) v.
Proof. intros C P. split; [apply meet_ok; auto; eapply (poly_range_ok z Z); eauto|exact P]. Qed.
Lemma settled_ok p r v : contains r v -> desc p v -> is (settled p r) v.
Proof.
  intros C P. unfold settled. destruct is_le; [now apply closed_ok|now apply plain_ok].
Qed.
Lemma loose_ok p r v : contains r v -> desc p v -> is (loose degree p r) v.
Proof.
  intros C P. unfold loose. destruct (squares p); [now apply closed_ok|].
  destruct degree as [|[|]]; try now apply closed_ok. now split.
Qed.
Lemma with_degree_ok m r v : contains r v -> (contains r v -> is (m r) v) ->
  is (with_degree degree m r) v.
Proof. intros C M. unfold with_degree. destruct degree; [now apply plain_ok|auto]. Qed.

Lemma add_model_ok a b u v : is a u -> is b v -> is (add_model degree a b) (u + v).
Proof.
  intros [A1 A2] [B1 B2]. apply with_degree_ok; [now apply sum_ok|].
  intros C. apply loose_ok; auto. now apply (plus_ok z Z).
Qed.
Lemma neg_model_ok a u : is a u -> is (neg_model degree a) (- u).
Proof.
  intros [A1 A2]. pose proof (neg_ok _ _ A1). unfold neg_model.
  destruct degree; [now apply plain_ok|]. split; auto. now apply opposite_ok.
Qed.
Lemma sub_model_ok a b u v : is a u -> is b v -> is (sub_model degree a b) (u - v).
Proof.
  intros [A1 A2] [B1 B2]. apply with_degree_ok.
  - unfold Rminus. apply sum_ok; auto. now apply neg_ok.
  - intros C. apply loose_ok; auto. now apply (minus_ok z Z).
Qed.
Lemma scale_model_ok w a x u : contains w x -> is a u -> is (scale_model degree w a) (x * u).
Proof.
  intros W [A1 A2]. apply with_degree_ok; [now apply scale_ok|].
  intros C. apply loose_ok; auto. now apply (times_ok z Z).
Qed.
Lemma mul_model_ok a b u v : is a u -> is b v -> is (mul_model degree a b) (u * v).
Proof.
  intros [A1 A2] [B1 B2]. unfold mul_model. destruct (is_constant (body a)).
  { now apply scale_model_ok. }
  destruct (is_constant (body b)).
  { rewrite Rmult_comm. now apply scale_model_ok. }
  apply with_degree_ok; [now apply signed_mul_ok|].
  intros C. apply closed_ok; auto. now apply (product_ok z Z).
Qed.
Lemma square_model_ok a u : is a u -> is (square_model degree a) (u * u).
Proof.
  intros [A1 A2]. apply with_degree_ok; [now apply sqr_ok|].
  intros C. apply closed_ok; auto. now apply (square_ok z Z).
Qed.

Lemma relu_chord_ok c a u : right_chord c = true -> is a u -> desc (relu_chord c a) (Rmax u 0).
Proof.
  unfold right_chord. intros H [A1 A2].
  apply andb_prop in H; destruct H as [Fc H]. apply andb_prop in H; destruct H as [H0 H1].
  pose proof (point_ok c Fc) as P. set (y := toR c) in *.
  assert (Y : 0 <= y <= 1).
  { pose proof (le_finite 0 c y (proj1 P) eq_refl H0) as Q. rewrite toR_0 in Q.
    pose proof (finite_ge 1 c y (proj2 P) eq_refl H1) as Q'. rewrite toR_1 in Q'. lra. }
  pose proof (mul_ok _ _ _ _ P (neg_ok _ _ A1)) as L.
  pose proof (mul_ok _ _ _ _ (sub_ok _ _ _ _ one_ok P) A1) as U.
  replace (Rmax u 0) with ((Rmax u 0 - y * u) + y * u) by ring.
  apply shifted_ok; [|now apply (times_ok z Z)].
  set (gap := Rmax u 0 - y * u).
  assert (G : 0 <= gap) by (unfold gap, Rmax; destruct Rle_dec; nra).
  split; cbn [low high]; [apply finite_lower; auto; rewrite toR_0; exact G|].
  assert (E : gap = y * - u \/ gap = (1 - y) * u)
    by (unfold gap, Rmax; destruct Rle_dec; [left|right]; ring).
  unfold above.
  destruct (is_le (high (mul (point c) (neg (range a)))) _) eqn:E1.
  - destruct E as [->| ->]; [|apply U]. eapply upper_trans; [apply L| |exact E1]. apply U.
  - destruct (is_le (high (mul (sub one (point c)) (range a))) _) eqn:E2;
      [|apply unbounded_ok].
    destruct E as [->| ->]; [apply L|]. eapply upper_trans; [apply U| |exact E2]. apply L.
Qed.

Lemma abs_chord_ok c a u : right_abs_chord c = true -> is a u -> desc (abs_chord c a) (Rabs u).
Proof.
  unfold right_abs_chord. intros H [A1 A2].
  apply andb_prop in H; destruct H as [Fc H]. apply andb_prop in H; destruct H as [H0 H1].
  pose proof (point_ok c Fc) as P. set (y := toR c) in *.
  assert (Y : -1 <= y <= 1).
  { pose proof (le_finite (-1) c y (proj1 P) eq_refl H0) as Q. rewrite toR_minus_one in Q.
    pose proof (finite_ge 1 c y (proj2 P) eq_refl H1) as Q'. rewrite toR_1 in Q'. lra. }
  pose proof (mul_ok _ _ _ _ (add_ok _ _ _ _ one_ok P) (neg_ok _ _ A1)) as L.
  pose proof (mul_ok _ _ _ _ (sub_ok _ _ _ _ one_ok P) A1) as U.
  replace (Rabs u) with ((Rabs u - y * u) + y * u) by ring.
  apply shifted_ok; [|now apply (times_ok z Z)].
  set (gap := Rabs u - y * u).
  assert (G : 0 <= gap) by (unfold gap, Rabs; destruct Rcase_abs; nra).
  split; cbn [low high]; [apply finite_lower; auto; rewrite toR_0; exact G|].
  assert (E : gap = (1 + y) * - u \/ gap = (1 - y) * u)
    by (unfold gap, Rabs; destruct Rcase_abs; [left|right]; ring).
  unfold abs_above.
  destruct (is_le (high (mul (add one (point c)) (neg (range a)))) _) eqn:E1.
  - destruct E as [->| ->]; [|apply U]. eapply upper_trans; [apply L| |exact E1]. apply U.
  - destruct (is_le (high (mul (sub one (point c)) (range a))) _) eqn:E2;
      [|apply unbounded_ok].
    destruct E as [->| ->]; [apply L|]. eapply upper_trans; [apply U| |exact E2]. apply L.
Qed.

Lemma relu_model_ok a u : is a u -> is (relu_model degree a) (Rmax u 0).
Proof.
  intros A. unfold relu_model. cbv zeta. destruct (nonnegative (range a)) eqn:P.
  { rewrite Rmax_left; auto. eapply nonnegative_ok; eauto. apply A. }
  destruct (nonpositive (range a)) eqn:N.
  { rewrite Rmax_right; [apply plain_ok, zero_ok|]. eapply nonpositive_ok; eauto. apply A. }
  apply with_degree_ok; [apply relu_ok, A|]. intros C. cbv zeta.
  destruct (right_chord _) eqn:E; [|now apply plain_ok].
  apply settled_ok; auto. now apply relu_chord_ok.
Qed.
Lemma abs_model_ok a u : is a u -> is (abs_model degree a) (Rabs u).
Proof.
  intros A. unfold abs_model. cbv zeta. destruct (nonnegative (range a)) eqn:P.
  { rewrite Rabs_pos_eq; auto. eapply nonnegative_ok; eauto. apply A. }
  destruct (nonpositive (range a)) eqn:N.
  { rewrite Rabs_left1; [now apply neg_model_ok|]. eapply nonpositive_ok; eauto. apply A. }
  apply with_degree_ok; [apply abs_ok, A|]. intros C. cbv zeta.
  destruct (right_abs_chord _) eqn:E; [|now apply plain_ok].
  apply settled_ok; auto. now apply abs_chord_ok.
Qed.

Lemma max_range_ok a b u v : contains a u -> contains b v -> contains (max_range a b) (Rmax u v).
Proof.
  intros [A1 A2] [B1 B2]. pose proof (Rmax_l u v). pose proof (Rmax_r u v).
  unfold max_range, tighter_low. split; cbn [low high].
  - destruct is_le; [apply (lower_le _ v); auto|].
    destruct is_le; [apply (lower_le _ u)|apply (lower_le _ v)]; auto.
  - destruct (is_le (high a) (high b)) eqn:E.
    { pose proof (upper_trans _ _ _ A2 (proj1 B2) E). unfold Rmax; destruct Rle_dec; auto. }
    destruct (is_le (high b) (high a)) eqn:G; [|apply unbounded_ok].
    pose proof (upper_trans _ _ _ B2 (proj1 A2) G). unfold Rmax; destruct Rle_dec; auto.
Qed.
Lemma max_model_ok a b u v : is a u -> is b v -> is (max_model degree a b) (Rmax u v).
Proof.
  intros A B. apply with_degree_ok; [apply max_range_ok; [apply A|apply B]|].
  intros C. apply loose_ok; auto. replace (Rmax u v) with (v + Rmax (u - v) 0)
    by (unfold Rmax; repeat destruct Rle_dec; lra).
  apply (plus_ok z Z); [apply B|]. apply relu_model_ok. now apply sub_model_ok.
Qed.

Lemma point_in t i v : finite t = true -> is_le (low i) t = true -> is_le t (high i) = true ->
  contains i v -> contains i (toR t).
Proof.
  intros Ft L U [[V _] [W _]]. destruct (point_ok t Ft). split; [eapply lower_trans|eapply upper_trans]; eauto.
Qed.

Lemma taylor_model_ok g a u : is a u -> has_value g u ->
  is (taylor_model degree g a) (value_of g u).
Proof.
  intros A V. unfold taylor_model. destruct A as [A1 A2]. cbv zeta.
  pose proof (value_range_ok g _ _ A1 V) as C. set (r := range a) in *.
  assert (Deg : forall m, is m (value_of g u) ->
    is (match degree with O => plain (value_range g r) | _ => m end) (value_of g u)).
  { intros m M. destruct degree; auto. now apply plain_ok. }
  apply Deg. clear Deg. rewrite value_bend_eq, value_slope_eq. set (t := expansion_point _ _).
  destruct (_ && _) eqn:E; [|now apply plain_ok].
  apply andb_prop in E; destruct E as [Eb E]. apply andb_prop in E; destruct E as [Et E].
  apply andb_prop in E; destruct E as [El Eh].
  pose proof (point_in t r u Et El Eh A1) as T. pose proof (point_ok t Et) as P.
  assert (BB : forall x, between (toR t) u x -> contains r x)
    by (intros x X; apply (connected r (toR t) u); auto).
  destruct (taylor 0 g (toR t) u) as [xi [X Eq]].
  { intros x X. apply (all_bend_ok g r); auto. }
  rewrite Eq in C |- *. clear Eq.
  pose proof (all_bend_ok g r (toR t) Eb T) as Bt.
  pose proof (value_range_ok g _ _ P (has_slope_value _ _ (has_bend_slope _ _ Bt))) as Vt.
  assert (St : contains (slope_range g (point t)) (slope_of 0 g (toR t)))
    by (apply slope_range_ok; auto; [lra|now apply has_bend_slope]).
  assert (Bx : contains (scale half (bend_range g r)) (bend_of g xi / 2)).
  { replace (bend_of g xi / 2) with (1 / 2 * bend_of g xi) by field.
    apply scale_ok; [apply half_ok|]. apply bend_range_ok; auto. apply (all_bend_ok g r); auto. }
  set (bend := scale half (bend_range g r)) in *.
  assert (M : desc (shifted (neg (point t)) (body a)) (u - toR t)).
  { replace (u - toR t) with (- toR t + u) by ring. apply shifted_ok; auto. now apply neg_ok. }
  pose proof (sqr_ok _ _ (sub_ok _ _ _ _ A1 P)) as Far.
  pose proof (times_ok z Z _ _ _ _ St M) as Lin.
  destruct (thirdless degree).
  - destruct (finite (middle bend)) eqn:Fb; [|now apply plain_ok].
    apply settled_ok; [exact C|].
      set (b := middle bend) in *. pose proof (point_ok b Fb) as Pb. set (y := toR b) in *.
      replace (value_of g (toR t) + slope_of 0 g (toR t) * (u - toR t) +
          bend_of g xi / 2 * ((u - toR t) * (u - toR t)))
        with ((value_of g (toR t) + (bend_of g xi / 2 - y) * ((u - toR t) * (u - toR t))) +
          slope_of 0 g (toR t) * (u - toR t) + y * ((u - toR t) * (u - toR t))) by ring.
      apply (plus_ok z Z).
      * apply shifted_ok; auto. apply add_ok; auto. apply mul_ok; auto. now apply sub_ok.
      * apply (times_ok z Z); auto. now apply (square_ok z Z).
  - apply settled_ok; [exact C|].
    replace (value_of g (toR t) + slope_of 0 g (toR t) * (u - toR t) +
          bend_of g xi / 2 * ((u - toR t) * (u - toR t)))
      with ((value_of g (toR t) + bend_of g xi / 2 * ((u - toR t) * (u - toR t))) +
          slope_of 0 g (toR t) * (u - toR t)) by ring.
    apply shifted_ok; auto. apply add_ok; auto. now apply mul_ok.
Qed.
End Soundness.
