(** Models of calls, differences and matrices, which may be undefined. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Floats Arith.
From Certify Require Import Language Analysis Intervals Arithmetic Bounds Elementary Vectors Forms.
From Certify Require Import Polynomials Products Models Rows.
Import ListNotations.
Local Open Scope R_scope.

Section Rules.
Variable degree : nat.

(** A value of [g], if it has one on the whole range. *)
Definition call_model (g : fn) (a : model) : option model :=
  match g with
  | Relu => Some (relu_model degree a)
  | Abs => Some (abs_model degree a)
  | Pow 2 => Some (square_model degree a)
  | _ => if all_value g (range a) then Some (taylor_model degree g a) else None
  end.

(** ** Differences *)

Definition quotient_model (g : fn) (a b : model) : option model :=
  let r := hull (range a) (range b) in
  if all_slope g r then Some (plain (slope_range g r)) else None.
Definition quotient2_model (g : fn) (a b : model) : option model :=
  let r := hull (range a) (range b) in
  if all_bend g r then Some (plain (scale half (bend_range g r))) else None.

(** [g (s + d) - g s]: a slope times [d], or the difference of two values; the closer one. *)
Definition sector (k : interval) (d : model) : poly :=
  let m := middle k in
  if finite m then shifted (mul (sub k (point m)) (range d)) (times (point m) (body d))
  else constant (mul k (range d)).
Definition increment_model (g : fn) (s d : model) : option model :=
  let t := add_model degree s d in
  match call_model g s, call_model g t with
  | Some u, Some v =>
    let two := sub_model degree v u in
    let r := hull (range s) (range t) in
    if all_slope g r then
      let k := slope_range g r in
      let r' := meet (range two) (mul k (range d)) in
      Some (with_degree degree (fun r' =>
        let p := sector k d in
        if is_le (width (centre p)) (width (centre (body two))) then settled p r'
        else settled (body two) r') r')
    else Some two
  | _, _ => None
  end.

(** ** Matrices: a row times a vector, undefined where one of its components is *)

Fixpoint row_sum (ws : list interval) (v : list (option model)) (bias : interval)
  : option (poly * interval) :=
  match ws, v with
  | w :: ws', a :: v' =>
    match a, row_sum ws' v' bias with
    | Some m, Some (p, r) =>
      if is_zero w then Some (p, r) else
      if is_one w then
        Some (match degree with O => p | _ => plus (body m) p end, sum (range m) r)
      else
        Some (match degree with O => p | _ => plus_scaled w (body m) p end,
              sum (scale w (range m)) r)
    | _, _ => None
    end
  | _, _ => Some (constant bias, bias)
  end.
(** Short rows stay exact where nothing is to be rounded. *)
Definition longer_row (ws : list interval) : bool := match ws with _ :: _ :: _ :: _ => true | _ => false end.
(** [l]: what rows share of [v]. *)
Definition row_parts (l : option (list (option operand))) (ws : list interval) (v : list (option model))
  (bias : interval) : option (poly * interval) :=
  match l with
  | Some l => if longer_row ws then Some (row_on ws l bias nothing End) else row_sum ws v bias
  | None => row_sum ws v bias
  end.
Definition row_with (l : option (list (option operand))) (ws : list interval) (v : list (option model))
  (bias : interval) : option model :=
  match row_parts l ws v bias with
  | Some (p, r) => Some (with_degree degree (loose degree p) r)
  | None => None
  end.
Definition row_model (ws : list interval) (v : list (option model)) (bias : interval) : option model :=
  row_with (operands v) ws v bias.
Definition matrix_model (rows : list (list interval * interval)) (v : list (option model))
  : list (option model) :=
  let l := operands v in map (fun r => row_with l (fst r) v (snd r)) rows.
End Rules.

(** * Soundness *)

(** [None] says nothing; a model says that there is a value. *)
Definition models_scalar z (m : option model) (a : scalar) : Prop :=
  match m with None => True | Some m => exists v, a = Some v /\ models z m v end.

Section Soundness.
Variables (degree : nat) (z : nat -> R).
Hypothesis Z : forall i, in_unit (z i).
Notation is m v := (models z m v).
Notation maybe m a := (models_scalar z m a).

Lemma call_model_ok g a u : is a u -> maybe (call_model degree g a) (call g u).
Proof.
  intros A. assert (T : maybe
    (if all_value g (range a) then Some (taylor_model degree g a) else None) (call g u)).
  { destruct (all_value g (range a)) eqn:E; simpl; auto.
    pose proof (all_value_ok _ _ _ E (proj1 A)) as V. exists (value_of g u). unfold call.
    destruct (has_value_dec g u); [|contradiction]. split; auto. now apply taylor_model_ok. }
  destruct g as [| | | | | | | | | |[|[|[|m]]]]; try exact T; simpl; unfold call;
    destruct (has_value_dec _ _) as [V|N]; try (exfalso; apply N; exact I).
  - exists (Rmax u 0). split; auto. now apply relu_model_ok.
  - exists (Rabs u). split; auto. now apply abs_model_ok.
  - exists (u * u). split; [simpl; f_equal; ring|]. now apply square_model_ok.
Qed.

Lemma quotient_model_ok t g a b u v : 0 <= t <= 1 -> is a u -> is b v ->
  maybe (quotient_model g a b) (quotient t g u v).
Proof.
  intros T A0 B0. unfold quotient_model.
  destruct A0 as [A _]. destruct B0 as [B _]. set (r := hull (range a) (range b)).
  destruct (all_slope g r) eqn:E; simpl; auto.
  pose proof (hull_left _ (range b) _ A) as U. pose proof (hull_right (range a) _ _ B) as V.
  fold r in U, V. unfold quotient. destruct (Req_EM_T u v) as [->|N].
  - destruct (has_slope_dec g v) as [Q|Q]; [|exfalso; apply Q; eapply all_slope_ok; eauto].
    eexists; split; [reflexivity|]. apply plain_ok. now apply slope_range_ok.
  - unfold call.
    destruct (has_value_dec g u) as [Q|Q];
      [|exfalso; apply Q; apply has_slope_value; eapply all_slope_ok; eauto].
    destruct (has_value_dec g v) as [Q'|Q'];
      [|exfalso; apply Q'; apply has_slope_value; eapply all_slope_ok; eauto].
    eexists; split; [reflexivity|]. apply plain_ok.
    assert (BB : forall x, between u v x -> contains r x)
      by (intros x X; apply (connected r u v); auto).
    destruct (mean_value g u v) as [w [xi [W [X Eq]]]].
    { intros x X. apply (all_slope_ok g r); auto. }
    rewrite Eq. replace (slope_of w g xi * (v - u) / (v - u)) with (slope_of w g xi) by (field; lra).
    apply slope_range_ok; auto. apply (all_slope_ok g r); auto.
Qed.

Lemma quotient2_model_ok t g a b u v : is a u -> is b v ->
  maybe (quotient2_model g a b) (quotient2 t g u v).
Proof.
  intros A0 B0. unfold quotient2_model.
  destruct A0 as [A _]. destruct B0 as [B _]. set (r := hull (range a) (range b)).
  destruct (all_bend g r) eqn:E; simpl; auto.
  pose proof (hull_left _ (range b) _ A) as U. pose proof (hull_right (range a) _ _ B) as V.
  fold r in U, V.
  assert (H : forall x, contains r x -> contains (scale half (bend_range g r)) (bend_of g x / 2)).
  { intros x X. replace (bend_of g x / 2) with (1 / 2 * bend_of g x) by field.
    apply scale_ok; [apply half_ok|]. apply bend_range_ok; auto. apply (all_bend_ok g r); auto. }
  unfold quotient2. destruct (Req_EM_T u v) as [->|N].
  - destruct (has_bend_dec g v) as [Q|Q]; [|exfalso; apply Q; eapply all_bend_ok; eauto].
    eexists; split; [reflexivity|]. apply plain_ok. auto.
  - pose proof (all_bend_ok _ _ _ E U) as Hu. pose proof (all_bend_ok _ _ _ E V) as Hv.
    apply has_bend_slope in Hu, Hv.
    destruct (has_slope_dec g u) as [Q|Q]; [|contradiction].
    unfold call. apply has_slope_value in Hu, Hv.
    destruct (has_value_dec g u); [|contradiction]. destruct (has_value_dec g v); [|contradiction].
    eexists; split; [reflexivity|]. apply plain_ok.
    assert (BB : forall x, between u v x -> contains r x)
      by (intros x X; apply (connected r u v); auto).
    destruct (taylor t g u v) as [xi [X Eq]].
    { intros x X. apply (all_bend_ok g r); auto. }
    rewrite Eq. replace ((value_of g u + slope_of t g u * (v - u) +
      bend_of g xi / 2 * ((v - u) * (v - u)) - value_of g u - slope_of t g u * (v - u)) /
      ((v - u) * (v - u))) with (bend_of g xi / 2) by (field; lra). auto.
Qed.

Lemma sector_ok c x m u : contains c x -> is m u -> describes z (sector c m) (x * u).
Proof.
  intros C [M1 M2]. unfold sector. destruct (finite (middle c)) eqn:F.
  - pose proof (point_ok _ F) as P. set (y := toR (middle c)) in *.
    replace (x * u) with ((x - y) * u + y * u) by ring.
    apply shifted_ok; [|now apply (times_ok z Z)]. apply mul_ok; auto. now apply sub_ok.
  - apply constant_ok. now apply mul_ok.
Qed.

Lemma increment_model_ok g a b u v : is a u -> is b v ->
  maybe (increment_model degree g a b) (increment g u v).
Proof.
  intros A0 B0. unfold increment_model.
  rename A0 into A. rename B0 into B. cbv zeta.
  pose proof (add_model_ok degree z Z _ _ _ _ A B) as T.
  set (t := add_model degree a b) in *.
  pose proof (call_model_ok g _ _ A) as Cu. pose proof (call_model_ok g _ _ T) as Cv.
  destruct (call_model degree g a) as [mu|]; simpl; auto.
  destruct (call_model degree g t) as [mv|]; simpl; auto.
  destruct Cu as [x [Ex Mx]]. destruct Cv as [y [Ey My]].
  unfold increment. rewrite Ex, Ey.
  pose proof (sub_model_ok degree z Z _ _ _ _ My Mx) as Two.
  set (r := hull (range a) (range t)) in *.
  destruct (all_slope g r) eqn:E; [|simpl; eauto].
  simpl. eexists; split; [reflexivity|].
  pose proof (hull_left _ (range t) _ (proj1 A)) as U.
  pose proof (hull_right (range a) _ _ (proj1 T)) as V. fold r in U, V.
  assert (BB : forall p, between u (u + v) p -> contains r p)
    by (intros p0 P0; apply (connected r u (u + v)); auto).
  destruct (mean_value g u (u + v)) as [w [xi [W [X Eq]]]].
  { intros p0 P0. apply (all_slope_ok g r); auto. }
  assert (K : contains (slope_range g r) (slope_of w g xi))
    by (apply slope_range_ok; auto; apply (all_slope_ok g r); auto).
  assert (Eyx : y - x = slope_of w g xi * v).
  { unfold call in Ex, Ey. destruct (has_value_dec g u); [|discriminate].
    destruct (has_value_dec g (u + v)); [|discriminate].
    inversion Ex; inversion Ey; subst. rewrite Eq. ring. }
  apply with_degree_ok; auto.
  - apply meet_ok; [apply Two|]. rewrite Eyx. apply mul_ok; auto. apply B.
  - intros C. cbv zeta. destruct is_le.
    + apply settled_ok; auto. rewrite Eyx. now apply sector_ok.
    + apply settled_ok; auto. apply Two.
Qed.

Lemma row_sum_ok ws : forall qs ms (v : vector) bias b,
  Forall2 (fun i q => contains i (Q2R q)) ws qs -> Forall2 (models_scalar z) ms v ->
  contains bias b ->
  match row_sum degree ws ms bias with
  | None => True
  | Some (p, r) => exists x, dot qs v b = Some x /\ contains r x /\
      (degree <> 0%nat -> describes z p x)
  end.
Proof.
  induction ws as [|w ws IH]; intros qs ms v bias b Q M B; inversion Q; subst.
  - simpl. exists b. split; [reflexivity|]. split; auto. intros; now apply constant_ok.
  - inversion M as [|m a ms' v' Ha Hv]; subst; simpl.
    + exists b. split; [reflexivity|]. split; auto. intros; now apply constant_ok.
    + destruct m as [m|]; [|auto]. specialize (IH _ _ _ _ _ H3 Hv B).
      destruct (row_sum degree ws ms' bias) as [[p r]|]; [|auto].
      destruct Ha as [x [-> [X1 X2]]]. destruct IH as [o [-> [Z1 Z2]]]. simpl.
      destruct (is_zero w) eqn:Zw.
      * exists o. pose proof (is_zero_ok _ _ Zw H1) as Q0. split; [|auto].
        f_equal. rewrite Q0. ring.
      * destruct (is_one w) eqn:Ow; exists (Q2R y * x + o).
        { split; [reflexivity|]. pose proof (is_one_ok _ _ Ow H1) as Q1.
          rewrite Q1, Rmult_1_l. split; [now apply sum_ok|].
          intros N. destruct degree; [contradiction|]. apply (plus_ok z Z); auto. }
        split; [reflexivity|]. split.
        -- apply sum_ok; auto. now apply scale_ok.
        -- intros N. destruct degree; [contradiction|]. apply (plus_scaled_ok z Z); auto.
Qed.
Lemma row_parts_ok ws qs ms (v : vector) bias b :
  Forall2 (fun i q => contains i (Q2R q)) ws qs -> Forall2 (models_scalar z) ms v ->
  contains bias b ->
  match row_parts degree (operands ms) ws ms bias with
  | None => True
  | Some (p, r) => exists x, dot qs v b = Some x /\ contains r x /\
      (degree <> 0%nat -> describes z p x)
  end.
Proof.
  intros Q M B. unfold row_parts. destruct (operands ms) as [l|] eqn:E; [|now apply row_sum_ok].
  destruct (longer_row ws); [|now apply row_sum_ok].
  destruct (row_on_ok z Z bias b ws B l qs v nothing End 0 Q) as (y & D & [R P] & _);
    [now apply (operands_ok z ms)|apply sums_to_nothing|].
  rewrite Rplus_0_l in R, P. destruct (row_on ws l bias nothing End) as [p r]. exists (y + b). auto.
Qed.
Lemma row_model_ok ws qs ms v bias b : Forall2 (fun i q => contains i (Q2R q)) ws qs ->
  Forall2 (models_scalar z) ms v -> contains bias b ->
  maybe (row_model degree ws ms bias) (dot qs v b).
Proof.
  intros Q M B. pose proof (row_parts_ok _ _ _ _ _ _ Q M B) as H. unfold row_model, row_with.
  destruct (row_parts degree (operands ms) ws ms bias) as [[p r]|]; simpl; auto.
  destruct H as [x [-> [R P]]]. exists x. split; [reflexivity|].
  unfold with_degree. destruct degree; [now apply plain_ok|]. apply loose_ok; auto.
Qed.
End Soundness.
