(** Coordinates at the root of a tree: [v = shift + matrix w] with [w = inverse (v - shift)]; that
    [matrix inverse] is the identity is checked in exact arithmetic. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Floats Arith.
From Certify Require Import Language Intervals Arithmetic Bounds Elementary Vectors Polynomials.
From Certify Require Import Models Operations Rationals Programs Decisions Bisection.
Import ListNotations.
Local Open Scope R_scope.

Record coordinates := Coordinates
  { shift : list Q; matrix : list (list Q); inverse : list (list Q) }.

Fixpoint dotR (row : list Q) (v : list R) : R :=
  match row, v with w :: row', x :: v' => Q2R w * x + dotR row' v' | _, _ => 0 end.
Fixpoint combination (row : list Q) (rows : list (list Q)) : list Q :=
  match row, rows with
  | w :: row', r :: rows' => pairwise Qplus (map (Qmult w) r) (combination row' rows')
  | _, _ => []
  end.
Fixpoint is_unit_row (i : nat) (l : list Q) : bool :=
  match l, i with
  | [], _ => false
  | x :: l', O => Qeq_bool x 1 && forallb (Qeq_bool 0) l'
  | x :: l', S i' => Qeq_bool x 0 && is_unit_row i' l'
  end.
Fixpoint inverse_from (i : nat) (m n : list (list Q)) : bool :=
  match m with
  | [] => true
  | row :: m' => is_unit_row i (combination row n) && inverse_from (S i) m' n
  end.

Lemma dotR_plus a : forall b v, dotR (pairwise Qplus a b) v = dotR a v + dotR b v.
Proof.
  induction a as [|x a IH]; intros [|y b] [|z v]; simpl; try ring. rewrite IH, Q2R_plus. ring.
Qed.
Lemma dotR_map w a : forall v, dotR (map (Qmult w) a) v = Q2R w * dotR a v.
Proof. induction a as [|x a IH]; intros [|z v]; simpl; try ring. rewrite IH, Q2R_mult. ring. Qed.
Lemma dotR_combination row : forall rows v,
  dotR (combination row rows) v = dotR row (map (fun r => dotR r v) rows).
Proof.
  induction row as [|w row IH]; intros [|r rows] v; simpl; try reflexivity.
  rewrite dotR_plus, dotR_map, IH. reflexivity.
Qed.
Lemma Qeq_R x y : Qeq_bool x y = true -> Q2R x = Q2R y.
Proof. intros H. apply Qeq_eqR. now apply Qeq_bool_iff. Qed.
Lemma Q2R_0 : Q2R 0 = 0. Proof. unfold Q2R; simpl; lra. Qed.
Lemma Q2R_1 : Q2R 1 = 1. Proof. unfold Q2R; simpl; lra. Qed.
Lemma dotR_zeros l : forall v, forallb (Qeq_bool 0) l = true -> dotR l v = 0.
Proof.
  induction l as [|x l IH]; intros [|z v] H; simpl in *; auto. apply andb_prop in H; destruct H as [A B].
  rewrite IH, <- (Qeq_R _ _ A), Q2R_0 by auto. ring.
Qed.
Lemma unit_row_ok i : forall l v, is_unit_row i l = true -> dotR l v = nth i v 0.
Proof.
  induction i; intros [|x l] [|z v] H; simpl in *; try discriminate; auto;
    apply andb_prop in H; destruct H as [A B]; rewrite (Qeq_R _ _ A).
  - rewrite dotR_zeros, Q2R_1 by auto. ring.
  - rewrite IHi, Q2R_0 by auto. ring.
Qed.
Lemma inverse_from_ok m n u : forall i, inverse_from i m n = true ->
  forall j row, nth_error m j = Some row ->
  dotR row (map (fun r => dotR r u) n) = nth (i + j) u 0.
Proof.
  induction m as [|r m IH]; intros i H j row E; [destruct j; discriminate|].
  simpl in H. apply andb_prop in H; destruct H as [A B]. destruct j; simpl in E.
  - inversion E; subst. rewrite <- dotR_combination, (unit_row_ok i) by auto. f_equal; lia.
  - replace (i + S j)%nat with (S i + j)%nat by lia. now apply IH.
Qed.

Lemma dot_dotR row : forall v b, dot row (map Some v) b = Some (dotR row v + b).
Proof.
  induction row as [|w row IH]; intros [|x v] b; simpl; try (f_equal; ring).
  rewrite IH. simpl. f_equal. ring.
Qed.

Definition interval_of (b : Q * Q) : interval := Ends (low (enclose (fst b))) (high (enclose (snd b))).
Lemma interval_of_ok b x : within b x -> contains (interval_of b) x.
Proof.
  intros [L U]. pose proof (enclose_ok (fst b)) as [A _]. pose proof (enclose_ok (snd b)) as [_ B].
  split; [now apply (lower_le _ (Q2R (fst b)))|now apply (upper_le _ (Q2R (snd b)))].
Qed.

(** Where [w] can be, in exact arithmetic. *)
Fixpoint reach (row : list Q) (box : list (Q * Q)) : Q * Q :=
  match row, box with
  | m :: row, (l, h) :: box =>
    let '(a, b) := reach row box in
    if Qle_bool 0 m then (m * l + a, m * h + b)%Q else (m * h + a, m * l + b)%Q
  | _, _ => (0, 0)%Q
  end.
Definition offsets (shift : list Q) (box : list (Q * Q)) : list (Q * Q) :=
  map (fun cb => (fst (snd cb) - fst cb, snd (snd cb) - fst cb)%Q) (combine shift box).
Lemma reach_ok row : forall box v, Forall2 within box v -> within (reach row box) (dotR row v).
Proof.
  induction row as [|m row IH]; intros [|[l h] box] v F; inversion F as [|? x ? v' [L U] F']; subst; simpl;
    try (unfold within; simpl; rewrite Q2R_0; lra).
  specialize (IH _ _ F'). destruct (reach row box) as [a b]. unfold within in *. simpl in *.
  destruct (Qle_bool 0 m) eqn:E; simpl; rewrite !Q2R_plus, !Q2R_mult.
  - apply Qle_bool_iff, Qle_Rle in E. rewrite Q2R_0 in E. nra.
  - assert (M : Q2R m <= 0).
    { rewrite <- Q2R_0. apply Qle_Rle, Qlt_le_weak, Qnot_le_lt. intros K. apply Qle_bool_iff in K. congruence. }
    nra.
Qed.
Lemma offsets_ok box x : in_box box x -> forall shift,
  Forall2 within (offsets shift box) (map (fun vc => fst vc - Q2R (snd vc)) (combine x shift)).
Proof.
  unfold offsets. induction 1 as [|[l h] y b x [L U] F IH]; intros [|q sh]; simpl; constructor; auto.
  unfold within in *. simpl in *. rewrite !Q2R_minus. lra.
Qed.

(** The models of the variables on a box of [w]; nothing is to be shown outside of the box. *)
Inductive start := Outside | Inputs (v : list model) (kept : list interval) | Lost.
(** Of the [n] coordinates no more counts than where [p] is within [i], if its range [r] is not. *)
Definition within_cuts (n : nat) (p : poly) (r i : interval) : list interval :=
  meets (if is_lt (high i) (high r) && finite (high i) then poly_cuts n (shifted (neg (point (high i))) p) else [])
        (if is_lt (low r) (low i) && finite (low i) then poly_cuts n (shifted (point (low i)) (opposite p)) else []).
Fixpoint cut (n degree : nat) (w : list (option model)) (rows : list (list interval * interval))
  (box : list interval) : start :=
  match rows, box with
  | r :: rows', i :: box' =>
    match row_model degree (fst r) w (snd r) with
    | None => Lost
    | Some m =>
      if is_lt (high i) (low (range m)) || is_lt (high (range m)) (low i) then Outside else
      match cut n degree w rows' box' with
      | Inputs l kept =>
        Inputs (Model (body m) (meet (range m) i) :: l)
          (match degree with O => [] | _ => meets (within_cuts n (body m) (range m) i) kept end)
      | other => other
      end
    end
  | [], [] => Inputs [] []
  | _, _ => Lost
  end.

Lemma within_cuts_ok z n p r i v : (forall k, in_unit (z k)) -> describes z p v -> contains i v ->
  inside z (within_cuts n p r i).
Proof.
  intros Z P C. unfold within_cuts. apply meets_ok.
  - destruct (is_lt _ _ && _) eqn:E; [|apply inside_nil]. apply andb_prop in E; destruct E as [_ E].
    pose proof (shifted_ok z _ _ _ _ (neg_ok _ _ (point_ok _ E)) P) as S.
    intros j k. apply (poly_cuts_ok z Z n _ _ S). destruct C as [_ C]. apply finite_upper in C; auto. lra.
  - destruct (is_lt _ _ && _) eqn:E; [|apply inside_nil]. apply andb_prop in E; destruct E as [_ E].
    pose proof (shifted_ok z _ _ _ _ (point_ok _ E) (opposite_ok z _ _ P)) as S.
    intros j k. apply (poly_cuts_ok z Z n _ _ S). destruct C as [C _]. apply finite_lower in C; auto. lra.
Qed.
Lemma cut_ok n degree z w x : (forall i, in_unit (z i)) ->
  Forall2 (models_scalar z) w (map Some x) ->
  forall rows cs m box v, Forall2 (fun r c => Forall2 (fun i q => contains i (Q2R q)) (fst r) (fst c) /\
      contains (snd r) (Q2R (snd c))) rows cs ->
  cut n degree w rows box = m -> Forall2 contains box v ->
  Forall2 (fun c y => dotR (fst c) x + Q2R (snd c) = y) cs v ->
  match m with
  | Outside => False | Inputs l kept => Forall2 (models z) l v /\ inside z kept | Lost => True
  end.
Proof.
  intros Z W. induction rows as [|r rows IH]; intros cs m box v R C B V;
    inversion R as [|r0 c rows0 cs' [H1 H1'] H3]; subst.
  - inversion V; subst. inversion B; subst. simpl. split; [constructor|apply inside_nil].
  - inversion V as [|c0 y cs0 v' Hy Hv]; subst. inversion B as [|i y0 box' v0 Hi Hb]; subst. simpl.
    pose proof (row_model_ok degree z Z _ _ _ _ _ _ H1 W H1') as M. rewrite dot_dotR in M.
    destruct (row_model _ _ _ _) as [mo|]; [|exact I].
    destruct M as [u [E [M1 M2]]]. inversion E; subst; clear E.
    destruct (is_lt (high i) (low (range mo)) || _) eqn:O.
    { apply orb_prop in O; destruct O as [O|O]; eapply apart; eauto. }
    specialize (IH _ _ _ _ H3 eq_refl Hb Hv).
    destruct (cut _ _ _ rows box') as [|l kept|]; auto. destruct IH as [IH I]. split.
    + constructor; auto. split; auto. now apply meet_ok.
    + destruct degree; [apply inside_nil|]. apply meets_ok; auto. eapply within_cuts_ok; eauto.
Qed.
