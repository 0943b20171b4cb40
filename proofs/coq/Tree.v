(** The kernel: what it runs, and that what it accepts holds. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Floats Arith.
From Certify Require Import Language Intervals Arithmetic Bounds Elementary Vectors Polynomials.
From Certify Require Import Models Operations Names Rationals Programs Decisions Bisection Coordinates.
Import ListNotations.
Local Open Scope R_scope.

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
