(** Coordinates at the root, and the kernel: what it runs, and that what it accepts holds. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Floats Arith.
From Certify Require Import Language Intervals Arithmetic Elementary Vectors Polynomials.
From Certify Require Import Models Operations Rationals Programs Decisions Bisection.
Import ListNotations.
Local Open Scope R_scope.

(** * Coordinates at the root

    [v = shift + matrix w] with [w = inverse (v - shift)]; that [matrix inverse] is the identity is
    checked in exact arithmetic. *)

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

Lemma apart i j x : is_lt (high i) (low j) = true -> contains i x -> contains j x -> False.
Proof.
  intros H [_ [V U]] [[W L] _]. unfold is_lt in H.
  destruct (finite (high i)) eqn:A.
  - destruct (finite (low j)) eqn:B.
    + rewrite cmp_real in H by auto. rewrite (finite_X _ A) in U. rewrite (finite_X _ B) in L.
      destruct (Raux.Rcompare_spec (toR (high i)) (toR (low j))); try discriminate; lra.
    + apply (Rlt_irrefl x). pose proof (lt_finite (high i) (low j) x (conj W L) A H).
      rewrite (finite_X _ A) in U. lra.
  - destruct (finite (low j)) eqn:B.
    + pose proof (finite_gt (low j) (high i) x (conj V U) B H).
      rewrite (finite_X _ B) in L. lra.
    + pose proof (F.cmp_correct (high i) (low j)) as C. unfold F.cmp in *.
      rewrite finite_real, F.classify_correct in A, B. rewrite F.valid_ub_correct in V.
      rewrite F.valid_lb_correct in W. destruct (F.classify (high i)); try discriminate;
      destruct (F.classify (low j)); try discriminate;
      destruct (PrimFloat.compare (high i) (low j)); discriminate.
Qed.

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

(** * The kernel *)

(** What a certificate adds to an obligation: which errors get names and where the formula is
    tried, coordinates, how deep the tree may be, and the tree. *)
Record task := Task
  { flags : list (bool * bool); at_root : option coordinates; depth : nat; deeper : nat; tree : list nat }.

Definition leaf_program (o : obligation) (t : task) : list stage :=
  compiled (with_bends (flags t) (bends (program o)) (program o)).

(* Inside Coq both sides of [||] are computed: where that is long, this is the same. *)
Local Notation "a ||| b" := (if a then true else b) (at level 50, left associativity).
Local Notation "a &&& b" := (if a then b else false) (at level 40, left associativity).

(** The part of a box that is left is tried again, [again] times. *)
Definition nowhere (l : list interval) : bool := existsb (fun i => is_lt (high i) (low i)) l.
Fixpoint close_leaf (again n : nat) (rows : option (list (list interval * interval) * list interval))
  (p : list stage) (f : formula) (degree : nat) (b : list interval) : bool :=
  match variables degree 0 b with
  | None => false
  | Some w =>
    let from v := decide n degree (negb (Nat.eqb again 0)) v n p Nothing f [] in
    let answer :=
      match rows with
      | None => from w
      | Some (rows, box) =>
        match cut n degree (map Some w) rows box with
        | Outside => Proved
        | Inputs v kept => if negb (Nat.eqb again 0) && worth kept then Open kept else from v
        | Lost => Open []
        end
      end in
    match answer, again with
    | Proved, _ => true
    | Open _, O => false
    | Open l, S k => nowhere l ||| (worth l &&& close_leaf k n rows p f degree (narrowed b l))
    end
  end.
Definition tries : nat := 6.

Definition enclosed_row (rc : list Q * Q) : list interval * interval :=
  (map enclose (fst rc), enclose (snd rc)).

(** The box of the tree, and what closes a leaf; [None] if the task does not fit the obligation. *)
Record prepared := Prepared { root : list interval; leaf : nat -> list interval -> bool }.

Definition prepare (o : obligation) (t : task) : option prepared :=
  let n := length (box o) in
  let p := leaf_program o t in
  let boxes := map interval_of (box o) in
  if Nat.eqb (length (flags t)) (length (program o)) then
    match at_root t with
    | None => Some (Prepared boxes (close_leaf tries n None p (goal o)))
    | Some c =>
      let w := map (fun row => interval_of (reach row (offsets (shift c) (box o)))) (inverse c) in
      let rows := Some (map enclosed_row (combine (matrix c) (shift c)), boxes) in
      if inverse_from 0 (matrix c) (inverse c) && Nat.eqb (length (matrix c)) n &&
         Nat.eqb (length (shift c)) n && Nat.eqb (length (inverse c)) n then
        Some (Prepared w (close_leaf tries n rows p (goal o)))
      else None
    end
  else None.

(** Whether [bytes] are a tree that proves the box [b]. *)
Definition grown (w : prepared) (t : task) (b : list interval) (bytes : list nat) : bool :=
  match walk (leaf w) (root w) (depth t) (deeper t) b bytes with Some [] => true | _ => false end.

Definition check (o : obligation) (t : task) : bool :=
  match prepare o t with Some w => grown w t (root w) (tree t) | None => false end.

Lemma Forall2_length {A B} (P : A -> B -> Prop) l m : Forall2 P l m -> length l = length m.
Proof. induction 1; simpl; auto. Qed.
Lemma boxes_ok b x : in_box b x -> Forall2 contains (map interval_of b) x.
Proof. induction 1; simpl; constructor; auto. now apply interval_of_ok. Qed.
Lemma enclose_all l : Forall2 (fun i q => contains i (Q2R q)) (map enclose l) l.
Proof. induction l; simpl; constructor; auto. apply enclose_ok. Qed.
Lemma enclosed_rows_ok l : Forall2 (fun r c => Forall2 (fun i q => contains i (Q2R q)) (fst r) (fst c) /\
  contains (snd r) (Q2R (snd c))) (map enclosed_row l) l.
Proof. induction l; simpl; constructor; auto. split; [apply enclose_all|apply enclose_ok]. Qed.

Lemma placed_agree z z' b : forall k x, agree (k + length b) z z' -> placed z k b x -> placed z' k b x.
Proof.
  induction b as [|i b IH]; intros k [|y x] A P; simpl in *; auto. destruct P as [P Q]. split.
  - destruct (centred i) as [[m r]|]; auto. rewrite (A k) by lia. exact P.
  - apply IH; auto. intros j L. apply A. lia.
Qed.
Lemma narrowed_length b : forall l, length (narrowed b l) = length b.
Proof. induction b as [|i b IH]; intros [|c l]; simpl; auto. Qed.
Lemma nowhere_ok z l : nowhere l = true -> inside z l -> False.
Proof.
  unfold nowhere. intros H I. apply existsb_exists in H. destruct H as [i [H E]].
  apply In_nth_error in H. destruct H as [j H]. eapply apart; [exact E| |]; eauto.
Qed.

(** What the models of the variables lead to, if they are right. *)
Definition outcome narrowing n rows p f degree (ms : list model) : answer :=
  let from v := decide n degree narrowing v n p Nothing f [] in
  match rows with
  | None => from ms
  | Some (rows, box) =>
    match cut n degree (map Some ms) rows box with
    | Outside => Proved
    | Inputs v kept => if narrowing && worth kept then Open kept else from v
    | Lost => Open []
    end
  end.
Lemma close_leaf_ok n rows p f (w : list R) (goal : Prop) :
  (forall narrowing degree (b : list interval) z ms, (forall i, in_unit (z i)) -> length b = n ->
    (forall z', agree n z z' -> (forall i, in_unit (z' i)) -> Forall2 (models z') ms w) ->
    right_answer z (outcome narrowing n rows p f degree ms) goal) ->
  forall again degree b, close_leaf again n rows p f degree b = true -> length b = n ->
  Forall2 contains b w -> goal.
Proof.
  intros Run. induction again as [|k IH]; intros degree b H L C; simpl in H;
    (destruct (variables degree 0 b) as [ms|] eqn:V; [|discriminate]);
    destruct (placed_exists b 0 w C) as [z [Z P]];
    (assert (M : forall z', agree n z z' -> (forall i, in_unit (z' i)) -> Forall2 (models z') ms w)
      by (intros z' A Z'; apply (variables_ok degree z' b Z' 0 w ms); auto;
          apply (placed_agree z); auto; rewrite L; exact A)).
  - pose proof (Run false degree b z ms Z L M) as R. unfold outcome in R.
    destruct rows as [[rows box]|]; [destruct (cut _ _ _ _ _)|]; simpl in *;
      try destruct (worth _); try destruct (decide _ _ _ _ _ _ _ _ _); try discriminate; auto.
  - pose proof (Run true degree b z ms Z L M) as R. unfold outcome in R.
    assert (Next : forall l, goal \/ inside z l ->
      nowhere l || (worth l && close_leaf k n rows p f degree (narrowed b l)) = true -> goal).
    { intros l [G|I] O; auto. apply orb_prop in O; destruct O as [O|O].
      - destruct (nowhere_ok z l O I).
      - apply andb_prop in O; destruct O as [_ O]. apply (IH degree (narrowed b l)); auto.
        + now rewrite narrowed_length.
        + now apply (narrowed_ok b z 0). }
    destruct rows as [[rows box]|]; [destruct (cut _ _ _ _ _)|]; simpl in *;
      try destruct (worth _); try destruct (decide _ _ _ _ _ _ _ _ _); try discriminate; eauto.
Qed.

(** A point of the box is in the box of the tree, and what closes a leaf proves the formula there. *)
Theorem prepare_ok o t w : prepare o t = Some w -> forall x, in_box (box o) x -> exists v,
  Forall2 contains (root w) v /\ forall degree b,
  leaf w degree b = true -> Forall2 contains b v ->
  forall ch, proper ch -> truth (run x ch (program o) []) (goal o).
Proof.
  unfold prepare. generalize tries. intros again H x X. (* as inversion would unfold [tries] *)
  destruct (Nat.eqb_spec (length (flags t)) (length (program o))) as [Ln|]; [|discriminate].
  pose proof (boxes_ok _ _ X) as B.
  pose proof (Forall2_length _ _ _ X) as Lx.
  assert (run : forall ch, proper ch -> forall degree narrowing z v, (forall i, in_unit (z i)) ->
    (forall z', agree (length (box o)) z z' -> (forall i, in_unit (z' i)) -> Forall2 (models z') v x) ->
    right_answer z (decide (length (box o)) degree narrowing v (length (box o)) (leaf_program o t) Nothing (goal o) [])
      (truth (run x ch (program o) []) (goal o))).
  { intros ch T degree narrowing z v Z V. unfold leaf_program.
    set (p := with_bends _ _ _).
    assert (Ep : map snd p = program o) by now apply with_bends_ok.
    rewrite <- Ep. apply (decide_ok _ _ _ x ch) with (es := []); auto; [simpl; lia|constructor|right; apply inside_nil]. }
  destruct (at_root t) as [c|].
  - destruct (_ && _) eqn:E; [|discriminate].
    apply andb_prop in E; destruct E as [E Li%Nat.eqb_eq].
    apply andb_prop in E; destruct E as [E Ls%Nat.eqb_eq].
    apply andb_prop in E; destruct E as [E Lm%Nat.eqb_eq].
    inversion H; subst w; clear H. cbn [root leaf].
    (* the point of the box in the coordinates of the tree *)
    set (u := map (fun vc => fst vc - Q2R (snd vc)) (combine x (shift c))).
    set (w := map (fun r => dotR r u) (inverse c)). exists w.
    assert (Cs : Forall2 (fun rc y => dotR (fst rc) w + Q2R (snd rc) = y)
      (combine (matrix c) (shift c)) x).
    { assert (G : forall k m sh y, (forall j row, nth_error m j = Some row ->
          dotR row w = nth (k + j) u 0) -> length m = length y -> length sh = length y ->
          (forall j, (j < length y)%nat -> nth (k + j) u 0 = nth j y 0 - Q2R (nth j sh 0%Q)) ->
          Forall2 (fun rc y => dotR (fst rc) w + Q2R (snd rc) = y) (combine m sh) y).
      { clear. intros k m. revert k. induction m as [|r m IH]; intros k [|q sh] [|z y] M L1 L2 U;
          simpl in *; try discriminate; constructor.
        - pose proof (M O r eq_refl) as Mr. rewrite U in Mr by lia. simpl in *. lra.
        - apply (IH (S k)); auto; try lia.
          + intros j row E. replace (S k + j)%nat with (k + S j)%nat by lia. now apply M.
          + intros j L. replace (S k + j)%nat with (k + S j)%nat by lia. rewrite U by lia. reflexivity. }
      apply (G O); try lia.
      - intros j row Ej. apply (inverse_from_ok _ _ _ _ E _ _ Ej).
      - intros j L. unfold u. simpl plus.
        rewrite (nth_indep _ 0 ((fun vc => fst vc - Q2R (snd vc)) (0, 0%Q)))
          by (rewrite map_length, combine_length; lia).
        rewrite (map_nth (fun vc => fst vc - Q2R (snd vc))), combine_nth by lia. reflexivity. }
    assert (Ws : Forall2 contains (map (fun row => interval_of (reach row (offsets (shift c) (box o)))) (inverse c)) w).
    { unfold w, u. pose proof (offsets_ok _ _ X (shift c)) as O. clear -O.
      induction (inverse c) as [|r m IH]; simpl; constructor; auto. now apply interval_of_ok, reach_ok. }
    assert (Lw : length w = length (box o)) by (unfold w; now rewrite map_length).
    split; [exact Ws|]. intros degree b G Cb ch T. eapply (close_leaf_ok _ _ _ _ w); [|exact G| |exact Cb];
      [|now rewrite (Forall2_length _ _ _ Cb)].
    clear degree b G Cb. intros narrowing degree b z ms Z Lb V. unfold outcome.
    assert (K : forall z', agree (length (box o)) z z' -> (forall i, in_unit (z' i)) ->
      match cut (length (box o)) degree (map Some ms) (map enclosed_row (combine (matrix c) (shift c)))
        (map interval_of (box o)) with
      | Outside => False | Inputs l kept => Forall2 (models z') l x /\ inside z' kept | Lost => True end).
    { intros z' A Z'. assert (Mo : Forall2 (models_scalar z') (map Some ms) (map Some w)).
      { specialize (V z' A Z'). clear -V. induction V; simpl; constructor; auto. simpl. eauto. }
      exact (cut_ok (length (box o)) degree z' _ _ Z' Mo _ _ _ _ _ (enclosed_rows_ok _) eq_refl B Cs). }
    destruct (cut _ _ _ _ _) as [|v kept|].
    + destruct (K z (fun i _ => eq_refl) Z).
    + destruct (narrowing && worth kept).
      * right. now apply (K z (fun i _ => eq_refl)).
      * apply (run ch T); auto. intros z' A Z'. now apply K.
    + right. apply inside_nil.
  - inversion H; subst w; clear H. cbn [root leaf]. exists x.
    split; [exact B|]. intros degree b G Cb ch T. eapply (close_leaf_ok _ _ _ _ x); [|exact G| |exact Cb];
      [|now rewrite (Forall2_length _ _ _ Cb)].
    intros narrowing degree' b' z ms Z Lb V. now apply (run ch T).
Qed.

(** If trees prove boxes that cover the box of the tree, the obligation holds. *)
Theorem covered_ok o t w : prepare o t = Some w ->
  (forall v, Forall2 contains (root w) v -> exists b bytes, Forall2 contains b v /\ grown w t b bytes = true) ->
  holds o.
Proof.
  intros E C x X ch T. destruct (prepare_ok _ _ _ E x X) as [v [V L]].
  destruct (C v V) as [b [bytes [Cb G]]]. unfold grown in G.
  destruct (walk _ _ _ _ _ _) as [rest|] eqn:W; [|discriminate].
  assert (K : forall degree b', leaf w degree b' = true ->
    forall v', Forall2 contains b' v' -> v' = v -> truth (run x ch (program o) []) (goal o))
    by (intros degree b' H v' F ->; apply (L degree b'); auto).
  apply (walk_ok (leaf w) (root w) (fun v' => v' = v -> truth (run x ch (program o) []) (goal o))
    K _ _ _ _ _ W v Cb eq_refl).
Qed.

Theorem check_ok o t : check o t = true -> holds o.
Proof.
  unfold check. destruct (prepare o t) as [w|] eqn:E; [|discriminate]. intros G.
  apply (covered_ok o t w E). eauto.
Qed.
