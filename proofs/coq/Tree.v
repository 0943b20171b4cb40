(** Coordinates at the root, and the kernel: what it runs, and that what it accepts holds. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Floats Arith.
From Certify Require Import Language Intervals Arithmetic Elementary Polynomials.
From Certify Require Import Models Operations Rationals Programs Bisection.
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

(** Where [w] can be. *)
Definition reach (moved : list (option model)) (row : list Q) : interval :=
  match row_sum 0 (map enclose row) moved zero with Some (_, r) => r | None => unbounded end.
Definition moved (shift : list Q) (box : list (Q * Q)) : list (option model) :=
  map (fun cb => Some (plain (sub (interval_of (snd cb)) (enclose (fst cb))))) (combine shift box).

(** The models of the variables on a box of [w]; nothing is to be shown outside of the box. *)
Inductive start := Outside | Inputs (v : list model) | Lost.
Fixpoint cut (degree : nat) (w : list (option model)) (rows : list (list interval * interval))
  (box : list interval) : start :=
  match rows, box with
  | r :: rows', i :: box' =>
    match row_model degree (fst r) w (snd r) with
    | None => Lost
    | Some m =>
      if is_lt (high i) (low (range m)) || is_lt (high (range m)) (low i) then Outside else
      match cut degree w rows' box' with
      | Inputs l => Inputs (Model (body m) (meet (range m) i) :: l)
      | other => other
      end
    end
  | [], [] => Inputs []
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
    + pose proof (F.cmp_correct (high i) (low j)) as C. unfold F.cmp, finite in *.
      rewrite F.classify_correct in A, B. rewrite F.valid_ub_correct in V.
      rewrite F.valid_lb_correct in W. destruct (F.classify (high i)); try discriminate;
      destruct (F.classify (low j)); try discriminate;
      destruct (PrimFloat.compare (high i) (low j)); discriminate.
Qed.

Lemma cut_ok degree d s w x : List.Forall in_unit d -> (forall i, in_unit (s i)) ->
  Forall2 (models_scalar d s 0) w (map Some x) ->
  forall rows cs m box v, Forall2 (fun r c => Forall2 (fun i q => contains i (Q2R q)) (fst r) (fst c) /\
      contains (snd r) (Q2R (snd c))) rows cs ->
  cut degree w rows box = m -> Forall2 contains box v ->
  Forall2 (fun c y => dotR (fst c) x + Q2R (snd c) = y) cs v ->
  match m with Outside => False | Inputs l => Forall2 (models d s 0) l v | Lost => True end.
Proof.
  intros D S W. induction rows as [|r rows IH]; intros cs m box v R C B V;
    inversion R as [|r0 c rows0 cs' [H1 H1'] H3]; subst.
  - inversion V; subst. inversion B; subst. simpl. constructor.
  - inversion V as [|c0 y cs0 v' Hy Hv]; subst. inversion B as [|i y0 box' v0 Hi Hb]; subst. simpl.
    pose proof (row_model_ok degree d s 0 _ _ _ _ _ _ H1 W H1') as M. rewrite dot_dotR in M.
    destruct (row_model _ _ _ _) as [mo|]; [|exact I].
    destruct M as [u [E [M1 M2]]]. inversion E; subst; clear E.
    destruct (is_lt (high i) (low (range mo)) || _) eqn:O.
    { apply orb_prop in O; destruct O as [O|O]; eapply apart; eauto. }
    specialize (IH _ _ _ _ H3 eq_refl Hb Hv).
    destruct (cut _ _ rows box'); auto. constructor; auto. split; auto. now apply meet_ok.
Qed.

(** * The kernel *)

(** What a certificate adds to an obligation: which errors get names and where the formula is
    tried, coordinates, how deep the tree may be, and the tree. *)
Record task := Task
  { flags : list (bool * bool); at_root : option coordinates; depth : nat; deeper : nat; tree : list nat }.

Definition leaf_program (o : obligation) (t : task) : list (bool * bool * node interval) :=
  compiled (combine (flags t) (program o)).

Definition close_leaf (first : bool) (n : nat) (rows : option (list (list interval * interval) * list interval))
  (p : list (bool * bool * node interval)) (f : formula) (degree : nat) (b : list interval) : bool :=
  match variables degree 0 b with
  | None => false
  | Some w =>
    let from v :=
      if first then decide_first n degree v 0 p [] f else decide n degree v 0 p [] f in
    match rows with
    | None => from w
    | Some (rows, box) =>
      match cut degree (map Some w) rows box with
      | Outside => true
      | Inputs v => from v
      | Lost => false
      end
    end
  end.

Definition enclosed_row (rc : list Q * Q) : list interval * interval :=
  (map enclose (fst rc), enclose (snd rc)).

(** The box of the tree, what closes a leaf, and what may cut slices off; [None] if the task does not
    fit the obligation. *)
Record prepared := Prepared
  { root : list interval; leaf : nat -> list interval -> bool; guard : nat -> list interval -> bool }.

Definition prepare (o : obligation) (t : task) : option prepared :=
  let n := length (box o) in
  let p := leaf_program o t in
  let boxes := map interval_of (box o) in
  if Nat.eqb (length (flags t)) (length (program o)) then
    match at_root t with
    | None => Some (Prepared boxes (close_leaf false n None p (goal o)) (close_leaf true n None p (goal o)))
    | Some c =>
      let rows := Some (map enclosed_row (combine (matrix c) (shift c)), boxes) in
      if inverse_from 0 (matrix c) (inverse c) && Nat.eqb (length (matrix c)) n &&
         Nat.eqb (length (shift c)) n && Nat.eqb (length (inverse c)) n then
        Some (Prepared (map (reach (moved (shift c) (box o))) (inverse c))
          (close_leaf false n rows p (goal o)) (close_leaf true n rows p (goal o)))
      else None
    end
  else None.

(** Whether [bytes] are a tree that proves the box [b]. *)
Definition grown (w : prepared) (t : task) (b : list interval) (bytes : list nat) : bool :=
  match walk (leaf w) (guard w) (root w) (depth t) (deeper t) b bytes with Some [] => true | _ => false end.

Definition check (o : obligation) (t : task) : bool :=
  match prepare o t with Some w => grown w t (root w) (tree t) | None => false end.

Lemma Forall2_length {A B} (P : A -> B -> Prop) l m : Forall2 P l m -> length l = length m.
Proof. induction 1; simpl; auto. Qed.
Lemma boxes_ok b x : in_box b x -> Forall2 contains (map interval_of b) x.
Proof. induction 1; simpl; constructor; auto. now apply interval_of_ok. Qed.
Lemma snd_combine {A B} (l : list A) : forall m : list B, length l = length m ->
  map snd (combine l m) = m.
Proof. induction l; intros [|y m] H; simpl in *; try discriminate; auto. f_equal; auto. Qed.

Lemma enclose_all l : Forall2 (fun i q => contains i (Q2R q)) (map enclose l) l.
Proof. induction l; simpl; constructor; auto. apply enclose_ok. Qed.
Lemma enclosed_rows_ok l : Forall2 (fun r c => Forall2 (fun i q => contains i (Q2R q)) (fst r) (fst c) /\
  contains (snd r) (Q2R (snd c))) (map enclosed_row l) l.
Proof. induction l; simpl; constructor; auto. split; [apply enclose_all|apply enclose_ok]. Qed.

(** A point of the box is in the box of the tree, and what closes a leaf proves the formula there. *)
Theorem prepare_ok o t w : prepare o t = Some w -> forall x, in_box (box o) x -> exists v,
  Forall2 contains (root w) v /\ forall degree b,
  leaf w degree b = true \/ guard w degree b = true -> Forall2 contains b v ->
  forall ch, proper ch -> truth (run x ch (program o) []) (goal o).
Proof.
  unfold prepare. intros H x X.
  destruct (Nat.eqb_spec (length (flags t)) (length (program o))) as [Ln|]; [|discriminate].
  pose proof (boxes_ok _ _ X) as B.
  pose proof (Forall2_length _ _ _ X) as Lx.
  set (s0 := fun _ : nat => 0). assert (S0 : forall i, in_unit (s0 i)) by (unfold in_unit, s0; intros; lra).
  assert (run : forall ch, proper ch -> forall degree d v, List.Forall in_unit d -> Forall2 (models d s0 0) v x ->
    forall first : bool, (if first
      then decide_first (length d) degree v 0 (leaf_program o t) [] (goal o)
      else decide (length d) degree v 0 (leaf_program o t) [] (goal o)) = true ->
    truth (run x ch (program o) []) (goal o)).
  { intros ch T degree d v D V first G.
    assert (G' : decide (length d) degree v 0 (leaf_program o t) [] (goal o) = true)
      by (destruct first; [now apply decide_first_ok|exact G]).
    clear G. rename G' into G. unfold leaf_program in G.
    pose proof (decide_ok degree d D x ch v (goal o) (combine (flags t) (program o)) T s0 0%nat
      [] [] S0 V (Forall2_nil _) G) as K.
    now rewrite snd_combine in K by auto. }
  destruct (at_root t) as [c|].
  - destruct (_ && _) eqn:E; [|discriminate].
    apply andb_prop in E; destruct E as [E Li%Nat.eqb_eq].
    apply andb_prop in E; destruct E as [E Ls%Nat.eqb_eq].
    apply andb_prop in E; destruct E as [E Lm%Nat.eqb_eq].
    inversion H; subst w; clear H. cbn [root leaf guard].
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
    assert (Ws : Forall2 contains (map (reach (moved (shift c) (box o))) (inverse c)) w).
    { unfold w. clear -X Lx Ls.
      assert (Mv : Forall2 (models_scalar [] (fun _ => 0) 0) (moved (shift c) (box o)) (map Some u)).
      { unfold moved, u. clear Lx Ls. revert X. generalize (box o) as b, (shift c) as sh. 
        intros b sh X. revert sh. induction X as [|i y b x Hy Hx IH]; intros [|q sh]; simpl; auto.
        constructor; auto. eexists; split; [reflexivity|]. apply plain_ok.
        apply sub_ok; [now apply interval_of_ok|apply enclose_ok]. }
      induction (inverse c) as [|r m IH]; simpl; constructor; auto. unfold reach.
      pose proof (row_sum_ok 0 [] (fun _ => 0) 0 (map enclose r) r (moved (shift c) (box o))
        (map Some u) zero 0) as R.
      destruct (row_sum _ _ _ _) as [[p i]|]; [|apply unbounded_ok].
      destruct R as [y [Ey [Cy _]]]; auto; [|apply zero_ok|].
      - apply enclose_all.
      - rewrite dot_dotR in Ey. inversion Ey; subst. now rewrite Rplus_0_r in Cy. }
    split; [exact Ws|]. intros degree b G Cb ch T.
    assert (G' : exists first, close_leaf first (length (box o)) (Some (map enclosed_row
        (combine (matrix c) (shift c)), map interval_of (box o))) (leaf_program o t) (goal o) degree b = true)
      by (destruct G; eauto).
    clear G. destruct G' as [first G]. unfold close_leaf in G.
    destruct (variables degree 0 b) as [ms|] eqn:V; [|discriminate].
    destruct (variables_ok degree b [] w ms s0 Cb V) as [d [D [Ld M]]].
    specialize (M []). rewrite app_nil_r in M. simpl in M.
    assert (Ln' : length (box o) = length d).
    { rewrite Ld, (Forall2_length _ _ _ Cb). unfold w. now rewrite map_length. }
    rewrite Ln' in G.
    assert (Mo : Forall2 (models_scalar d s0 0) (map Some ms) (map Some w)).
    { clear -M. induction M; simpl; constructor; auto. simpl. eauto. }
    pose proof (cut_ok degree d s0 _ _ D S0 Mo _ _ _ _ _ (enclosed_rows_ok _) eq_refl B Cs) as K.
    destruct (cut _ _ _ _) as [|v|]; [destruct K| |discriminate].
    now apply (run ch T degree d v D K first).
  - inversion H; subst w; clear H. cbn [root leaf guard]. exists x.
    split; [exact B|]. intros degree b G Cb ch T.
    assert (G' : exists first, close_leaf first (length (box o)) None (leaf_program o t) (goal o)
        degree b = true) by (destruct G; eauto).
    clear G. destruct G' as [first G]. unfold close_leaf in G.
    destruct (variables degree 0 b) as [ms|] eqn:V; [|discriminate].
    destruct (variables_ok degree b [] x ms s0 Cb V) as [d [D [Ld M]]].
    specialize (M []). rewrite app_nil_r in M. simpl in M.
    assert (Ln' : length (box o) = length d) by (rewrite Ld, (Forall2_length _ _ _ Cb); auto).
    rewrite Ln' in G. now apply (run ch T degree d ms D M first).
Qed.

(** If trees prove boxes that cover the box of the tree, the obligation holds. *)
Theorem covered_ok o t w : prepare o t = Some w ->
  (forall v, Forall2 contains (root w) v -> exists b bytes, Forall2 contains b v /\ grown w t b bytes = true) ->
  holds o.
Proof.
  intros E C x X ch T. destruct (prepare_ok _ _ _ E x X) as [v [V L]].
  destruct (C v V) as [b [bytes [Cb G]]]. unfold grown in G.
  destruct (walk _ _ _ _ _ _ _) as [rest|] eqn:W; [|discriminate].
  assert (K : forall degree b', leaf w degree b' = true \/ guard w degree b' = true ->
    forall v', Forall2 contains b' v' -> v' = v -> truth (run x ch (program o) []) (goal o))
    by (intros degree b' H v' F ->; apply (L degree b'); auto).
  apply (walk_ok (leaf w) (guard w) (root w) (fun v' => v' = v -> truth (run x ch (program o) []) (goal o))
    (fun degree b' H => K degree b' (or_introl H)) (fun degree b' H => K degree b' (or_intror H))
    _ _ _ _ _ W v Cb eq_refl).
Qed.

Theorem check_ok o t : check o t = true -> holds o.
Proof.
  unfold check. destruct (prepare o t) as [w|] eqn:E; [|discriminate]. intros G.
  apply (covered_ok o t w E). eauto.
Qed.
