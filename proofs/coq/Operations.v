(** Models of calls, differences and matrices, which may be undefined, and names for errors. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Floats Arith.
From Certify Require Import Language Analysis Intervals Arithmetic Elementary Polynomials Products.
From Certify Require Import Models.
Import ListNotations.
Local Open Scope R_scope.

Section Rules.
Variables (n degree : nat).                                  (* n: the number of variables *)

(** A value of [g], if it has one on the whole range. *)
Definition call_model (g : fn) (a : model) : option model :=
  match g with
  | Relu => Some (relu_model n degree a)
  | Abs => Some (abs_model n degree a)
  | Pow 2 => Some (square_model n degree a)
  | _ => if all_value g (range a) then Some (taylor_model n degree g a) else None
  end.

(** ** Differences *)

Definition quotient_model (g : fn) (a b : model) : option model :=
  let r := hull (range (tight n degree a)) (range (tight n degree b)) in
  if all_slope g r then Some (plain (slope_range g r)) else None.
Definition quotient2_model (g : fn) (a b : model) : option model :=
  let r := hull (range (tight n degree a)) (range (tight n degree b)) in
  if all_bend g r then Some (plain (scale half (bend_range g r))) else None.

(** [g (s + d) - g s]: a slope times [d], or the difference of two values; the closer one. *)
Definition sector (k : interval) (d : model) : poly :=
  let m := middle k in
  if finite m then shifted (mul (sub k (point m)) (range d)) (times (point m) (body d))
  else constant (mul k (range d)).
Definition increment_model (g : fn) (s0 d0 : model) : option model :=
  let s := tight n degree s0 in
  let d := tight n degree d0 in
  let t := tight n degree (add_model degree s d) in
  match call_model g s, call_model g t with
  | Some u, Some v =>
    let two := tight n degree (sub_model degree v u) in
    let r := hull (range s) (range t) in
    if all_slope g r then
      let k := slope_range g r in
      let r' := meet (range two) (mul k (range d)) in
      Some (with_degree degree (fun r' =>
        let p := sector k d in
        if is_le (width (centre p)) (width (centre (body two))) then settled n p r'
        else settled n (body two) r') r')
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
        Some (match degree with O => p | _ => plus (times w (body m)) p end,
              sum (scale w (range m)) r)
    | _, _ => None
    end
  | _, _ => Some (constant bias, bias)
  end.
Definition row_model (ws : list interval) (v : list (option model)) (bias : interval)
  : option model :=
  match row_sum ws v bias with
  | Some (p, r) => Some (with_degree degree (loose p) r)
  | None => None
  end.
End Rules.

(** The error of a model gets a name, the symbol [k]. *)
Definition named (k : nat) (m : model) : model :=
  match centred (centre (body m)) with
  | Some (c, r) =>
    let p := body m in
    Model (Poly (point c) (slopes p) (symbols p ++ [(k, point r)]) (squares p)) (range m)
  | None => m
  end.

(** * Soundness *)

(** [None] says nothing; a model says that there is a value. *)
Definition models_scalar d s k (m : option model) (a : scalar) : Prop :=
  match m with None => True | Some m => exists v, a = Some v /\ models d s k m v end.

Section Soundness.
Variables (degree : nat) (d : list R) (s : nat -> R) (k : nat).
Hypotheses (D : List.Forall in_unit d) (S : forall i, in_unit (s i)).
Notation n := (length d).
Notation is m v := (models d s k m v).
Notation maybe m a := (models_scalar d s k m a).

Lemma call_model_ok g a u : is a u -> maybe (call_model n degree g a) (call g u).
Proof.
  intros A. assert (T : maybe
    (if all_value g (range a) then Some (taylor_model n degree g a) else None) (call g u)).
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
  maybe (quotient_model n degree g a b) (quotient t g u v).
Proof.
  intros T A0 B0. unfold quotient_model.
  destruct (tight_ok degree d s k D S _ _ A0) as [A _].
  destruct (tight_ok degree d s k D S _ _ B0) as [B _].
  set (a' := tight n degree a) in *. set (b' := tight n degree b) in *. clearbody a' b'.
  clear a b A0 B0. rename a' into a. rename b' into b. set (r := hull (range a) (range b)).
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
  maybe (quotient2_model n degree g a b) (quotient2 t g u v).
Proof.
  intros A0 B0. unfold quotient2_model.
  destruct (tight_ok degree d s k D S _ _ A0) as [A _].
  destruct (tight_ok degree d s k D S _ _ B0) as [B _].
  set (a' := tight n degree a) in *. set (b' := tight n degree b) in *. clearbody a' b'.
  clear a b A0 B0. rename a' into a. rename b' into b. set (r := hull (range a) (range b)).
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

Lemma sector_ok c x m u : contains c x -> is m u -> describes d s k (sector c m) (x * u).
Proof.
  intros C [M1 M2]. unfold sector. destruct (finite (middle c)) eqn:F.
  - pose proof (point_ok _ F) as P. set (z := toR (middle c)) in *.
    replace (x * u) with ((x - z) * u + z * u) by ring.
    apply shifted_ok; [|now apply times_ok]. apply mul_ok; auto. now apply sub_ok.
  - apply constant_ok. now apply mul_ok.
Qed.

Lemma increment_model_ok g a b u v : is a u -> is b v ->
  maybe (increment_model n degree g a b) (increment g u v).
Proof.
  intros A0 B0. unfold increment_model.
  pose proof (tight_ok degree d s k D S _ _ A0) as A. pose proof (tight_ok degree d s k D S _ _ B0) as B.
  set (a' := tight n degree a) in *. set (b' := tight n degree b) in *. clearbody a' b'.
  clear a b A0 B0. rename a' into a. rename b' into b. cbv zeta.
  pose proof (tight_ok degree d s k D S _ _ (add_model_ok degree d s k _ _ _ _ A B)) as T.
  set (t := tight n degree (add_model degree a b)) in *.
  pose proof (call_model_ok g _ _ A) as Cu. pose proof (call_model_ok g _ _ T) as Cv.
  destruct (call_model n degree g a) as [mu|]; simpl; auto.
  destruct (call_model n degree g t) as [mv|]; simpl; auto.
  destruct Cu as [x [Ex Mx]]. destruct Cv as [y [Ey My]].
  unfold increment. rewrite Ex, Ey.
  pose proof (tight_ok degree d s k D S _ _ (sub_model_ok degree d s k _ _ _ _ My Mx)) as Two.
  set (r := hull (range a) (range t)) in *.
  destruct (all_slope g r) eqn:E; [|simpl; eauto].
  simpl. eexists; split; [reflexivity|].
  pose proof (hull_left _ (range t) _ (proj1 A)) as U.
  pose proof (hull_right (range a) _ _ (proj1 T)) as V. fold r in U, V.
  assert (BB : forall z, between u (u + v) z -> contains r z)
    by (intros z Z; apply (connected r u (u + v)); auto).
  destruct (mean_value g u (u + v)) as [w [xi [W [X Eq]]]].
  { intros z Z. apply (all_slope_ok g r); auto. }
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
  Forall2 (fun i q => contains i (Q2R q)) ws qs -> Forall2 (models_scalar d s k) ms v ->
  contains bias b ->
  match row_sum degree ws ms bias with
  | None => True
  | Some (p, r) => exists x, dot qs v b = Some x /\ contains r x /\
      (degree <> 0%nat -> describes d s k p x)
  end.
Proof.
  induction ws as [|w ws IH]; intros qs ms v bias b Q M B; inversion Q; subst.
  - simpl. exists b. split; [reflexivity|]. split; auto. intros; now apply constant_ok.
  - inversion M as [|m a ms' v' Ha Hv]; subst; simpl.
    + exists b. split; [reflexivity|]. split; auto. intros; now apply constant_ok.
    + destruct m as [m|]; [|auto]. specialize (IH _ _ _ _ _ H3 Hv B).
      destruct (row_sum degree ws ms' bias) as [[p r]|]; [|auto].
      destruct Ha as [x [-> [X1 X2]]]. destruct IH as [z [-> [Z1 Z2]]]. simpl.
      destruct (is_zero w) eqn:Zw.
      * exists z. pose proof (is_zero_ok _ _ Zw H1) as Q0. split; [|auto].
        f_equal. rewrite Q0. ring.
      * destruct (is_one w) eqn:Ow; exists (Q2R y * x + z).
        { split; [reflexivity|]. pose proof (is_one_ok _ _ Ow H1) as Q1.
          rewrite Q1, Rmult_1_l. split; [now apply sum_ok|].
          intros N. destruct degree; [contradiction|]. apply plus_ok; auto. }
        split; [reflexivity|]. split.
        -- apply sum_ok; auto. now apply scale_ok.
        -- intros N. destruct degree; [contradiction|]. apply plus_ok; auto. now apply times_ok.
Qed.
Lemma row_model_ok ws qs ms v bias b : Forall2 (fun i q => contains i (Q2R q)) ws qs ->
  Forall2 (models_scalar d s k) ms v -> contains bias b ->
  maybe (row_model degree ws ms bias) (dot qs v b).
Proof.
  intros Q M B. pose proof (row_sum_ok _ _ _ _ _ _ Q M B) as H. unfold row_model.
  destruct (row_sum degree ws ms bias) as [[p r]|]; simpl; auto.
  destruct H as [x [-> [R P]]]. exists x. split; [reflexivity|].
  unfold with_degree. destruct degree; [now apply plain_ok|]. apply loose_ok; auto.
Qed.
End Soundness.

(** ** Names *)

(** [s] and [s'] agree on the symbols that have been given. *)
Definition extends (k : nat) (s s' : nat -> R) : Prop := forall i, (i < k)%nat -> s' i = s i.

Lemma symbolic_extend s s' k k' a v : extends k s s' -> (k <= k')%nat ->
  symbolic s k a v -> symbolic s' k' a v.
Proof.
  intros E L. induction 1 as [|i j r a v Li C H IH]; [constructor|].
  rewrite <- (E i Li). constructor; auto. lia.
Qed.
Lemma models_extend d s s' k k' m v : extends k s s' -> (k <= k')%nat ->
  models d s k m v -> models d s' k' m v.
Proof.
  intros E L [R [(c & l & a & h & C & Li & A & H & Eq)]]. split; auto. constructor.
  exists c, l, a, h. repeat (split; auto). now apply (symbolic_extend s s' k k').
Qed.
Lemma symbolic_app s k a u : symbolic s k a u -> forall b v, symbolic s k b v ->
  symbolic s k (a ++ b) (u + v).
Proof.
  induction 1; intros b w B; simpl.
  - apply (symbolic_eq _ _ _ w); auto. ring.
  - apply (symbolic_eq _ _ _ (r * s k0 + (v + w))); [constructor; auto|ring].
Qed.

Definition assign (k : nat) (t : R) (s : nat -> R) (i : nat) : R :=
  if Nat.eqb i k then t else s i.
Lemma assign_extends k t s : extends k s (assign k t s).
Proof. intros i L. unfold assign. destruct (Nat.eqb_spec i k); [lia|auto]. Qed.
Lemma assign_unit k t s : in_unit t -> (forall i, in_unit (s i)) -> forall i, in_unit (assign k t s i).
Proof. intros T H i. unfold assign. destruct Nat.eqb; auto. Qed.

Theorem named_ok d s k m v : models d s k m v ->
  exists t, in_unit t /\ models d (assign k t s) (S k) (named k m) v.
Proof.
  intros M. unfold named. destruct (centred (centre (body m))) as [[c r]|] eqn:E.
  - destruct M as [R [(x & l & a & h & C & Li & A & H & Eq)]].
    destruct (centred_ok _ _ _ _ E C) as [Fc [Fr [t [T Ex]]]].
    exists t. split; [exact T|]. split; [exact R|]. constructor. simpl.
    exists (toR c), l, (a + (toR r * t + 0)), h.
    split; [now apply point_ok|]. split; [exact Li|]. split; [|split; [exact H|subst; ring]].
    apply symbolic_app.
    + apply (symbolic_extend s _ k); auto. apply assign_extends.
    + replace t with (assign k t s k) at 2 by (unfold assign; now rewrite Nat.eqb_refl).
      constructor; [lia|now apply point_ok|constructor].
  - exists 0. split; [unfold in_unit; lra|]. apply (models_extend d s _ k); auto.
    apply assign_extends.
Qed.
