(** T-EXT-D, cell by cell: models of the states after some steps, and that they show where trajectories
    from a cell are.  In words: [proofs/theory/T-EXT-D.md]. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Bool Floats Arith Wf_nat.
From Certify Require Import Language Intervals Arithmetic Bounds Elementary Vectors Polynomials Models Operations Names Rationals Programs
  Decisions Bisection Tree Coordinates Theorems DiscreteTime Regrouped Claims ExtensionClaim Pavings.
Import ListNotations.
Local Open Scope R_scope.

(** ** A program over models *)

(** Errors get names as long as there is room for them. *)
Fixpoint runs (degree room : nat) (x : list model) (k : nat) (p : list (bool * node interval)) (e : env) : nat * env :=
  match p with
  | [] => (k, e)
  | (b, c) :: p' =>
    let v := evaluate_models degree x e c in
    if b && Nat.leb (k + length v) room then runs degree room x (k + length v) p' (bind (name_all k v) e)
    else runs degree room x k p' (bind v e)
  end.
Definition compiled_steps (p : list (bool * node Q)) : list (bool * node interval) :=
  map (fun bc => (fst bc, compile (snd bc))) p.

Lemma runs_ok degree room xs t x p : proper t -> forall z k e es, (forall i, in_unit (z i)) ->
  (forall z', agree k z z' -> (forall i, in_unit (z' i)) -> Forall2 (models z') x xs) ->
  (forall z', agree k z z' -> (forall i, in_unit (z' i)) -> describes_env z' e es) ->
  exists z1, (forall i, in_unit (z1 i)) /\ agree k z z1 /\
  let (k', e') := runs degree room x k (compiled_steps p) e in (k <= k')%nat /\
  forall z', agree k' z1 z' -> (forall i, in_unit (z' i)) -> describes_env z' e' (run xs t (map snd p) es).
Proof.
  intros T. induction p as [|[b c] p IH]; intros z k e es Z X E.
  { exists z. split; auto. split; [intros i _; reflexivity|]. cbn. split; auto. }
  cbn [compiled_steps map fst snd runs run]. fold (compiled_steps p).
  set (v := evaluate_models degree x e (compile c)). set (vs := evaluate xs (t (length es)) es c).
  assert (V : forall z', agree k z z' -> (forall i, in_unit (z' i)) -> describes_row z' v vs).
  { intros z' A Z'. apply (evaluate_ok degree z' x xs (t (length es)) e es c Z' (T _)); auto. }
  destruct (b && Nat.leb (k + length v) room).
  - destruct (name_all_ok v k z vs Z V) as [z1 [Z1 [A1 R1]]].
    destruct (IH z1 (k + length v)%nat (bind (name_all k v) e) (vs :: es)) as [z2 [Z2 [A2 R2]]]; auto.
    + intros z' A Z'. apply X; auto. eapply agree_trans; [exact A1|exact A|lia].
    + intros z' A Z'. apply bind_ok; auto. apply E; auto. eapply agree_trans; [exact A1|exact A|lia].
    + exists z2. split; auto. split; [eapply agree_trans; [exact A1|exact A2|lia]|].
      destruct (runs _ _ _ _ _ _) as [k' e']. destruct R2 as [L R2]. split; [lia|exact R2].
  - apply (IH z k (bind v e) (vs :: es) Z X). intros z' A Z'. apply bind_ok; auto.
Qed.

(** Further variables, whatever was said of those before. *)
Lemma placed_onto b : forall k z x, (forall i, in_unit (z i)) -> Forall2 contains b x ->
  exists z', (forall i, in_unit (z' i)) /\ agree k z z' /\ placed z' k b x.
Proof.
  induction b as [|i b IH]; intros k z x Z H; inversion H as [|? y ? x' C H']; subst.
  - exists z. split; auto. split; [intros j _; reflexivity|exact I].
  - destruct (IH (S k) z x' Z H') as [z1 [Z1 [A1 P1]]].
    destruct (centred i) as [[m r]|] eqn:E.
    + destruct (centred_ok i m r y E C) as [_ [_ [t [T Eq]]]].
      exists (assign k t z1). split; [now apply assign_unit|]. split.
      * eapply agree_trans; [|apply assign_agree|]; [|reflexivity]. intros j J. apply A1. lia.
      * simpl. rewrite E. split; [unfold assign; now rewrite Nat.eqb_refl|]. apply placed_assign; auto.
    + exists z1. split; auto. split; [intros j J; apply A1; lia|]. simpl. rewrite E. auto.
Qed.

(** ** Steps *)

Fixpoint all_known {A} (l : list (option A)) : option (list A) :=
  match l with
  | [] => Some []
  | Some a :: l' => match all_known l' with Some m => Some (a :: m) | None => None end
  | None :: _ => None
  end.
Lemma all_known_ok {A} (l : list (option A)) : forall m, all_known l = Some m -> l = map Some m.
Proof.
  induction l as [|[a|] l IH]; intros m H; simpl in H; try discriminate.
  - now inversion H.
  - destruct (all_known l) as [m'|]; [|discriminate]. inversion H; subst. simpl. f_equal. auto.
Qed.

(** What the kernel computes of a closed loop, and of a claim, once for all cells. *)
Record pace := Pace
  { program_of : list (bool * node interval);          (* the plant *)
    results : list (nat * option nat);                 (* twice where equal parts cancel: [Regrouped.v] *)
    swing : list interval;                             (* of parameters and disturbances *)
    room : nat }.
Record course := Course
  { steps_of :> pace;
    walls : list (interval * interval);                (* the ends of the sides of the domain *)
    places : lookup;
    in_core : nat -> list interval -> bool }.

Definition result (e : env) (r : nat * option nat) : option model :=
  let stated := hd None (get (fst r) e) in
  match stated, snd r with
  | Some a, Some k =>
    match hd None (get k e) with Some b => Some (Model (body b) (meet (range a) (range b))) | None => stated end
  | _, _ => stated
  end.
Definition moved (o : pace) (degree k : nat) (x : list model) : option (nat * list model) :=
  match variables degree k (swing o) with
  | Some w =>
    let (k', e) := runs degree (room o) (x ++ w) (k + length (swing o)) (program_of o) Nothing in
    match all_known (map (result e) (results o)) with
    | Some y => Some (k', y)
    | None => None
    end
  | None => None
  end.

Definition reached (m : model) : interval := meet (range m) (poly_range (body m)).
Fixpoint stays_within (sides : list (interval * interval)) (h : list interval) : bool :=
  match sides, h with
  | [], [] => true
  | (l, u) :: sides', x :: h' =>
    finite (high l) && is_le (high l) (low x) && finite (low u) && is_le (high x) (low u) && stays_within sides' h'
  | _, _ => false
  end.

Section Steps.
Variable o : course.

(** Whether all trajectories from where the models [x] say are in the core after [left] steps, and in the
    domain until then.  They are followed for [hops] steps at most. *)
Fixpoint follow (degree deeper hops left k : nat) (x : list model) : bool :=
  match hops, left with
  | S h, S l =>
    match moved o degree k x with
    | Some (k', y) =>
      let reach := map reached y in
      if stays_within (walls o) reach
      then if soon (places o) reach l then true else follow degree deeper h l k' y
      else false
    | None => false
    end
  | _, _ => let reach := map reached x in close (in_core o) reach deeper degree reach
  end.
Definition crosses_box (deeper hops time degree : nat) (b : list interval) : bool :=
  match variables degree 0 b with
  | Some x => follow degree deeper hops time (length b) x
  | None => false
  end.
(** A cell, halved [deeper] times at most where it is not shown at once. *)
Definition crosses (deeper hops degree : nat) (cell : list (Q * Q) * nat) : bool :=
  let b := map interval_of (fst cell) in
  close (crosses_box deeper hops (snd cell)) b deeper degree b.
End Steps.

(** What the last vector of the program of V has to satisfy. *)
Definition core_program (c : claim) : list (node Q) := lyapunov c ++ [Const (level c); Sub 0 1].
Definition gets_name (n : node Q) : bool :=
  match n with
  | Call _ _ | Max _ _ | Step _ | Select _ _ _ | Quotient _ _ _ | Quotient2 _ _ _ | Increment _ _ _ => true
  | _ => false
  end.
(** A program that the kernel tries after each of its nodes that bends. *)
Definition tried_program (p : list (node Q)) : list stage :=
  compiled (with_bends (map (fun n => (gets_name n, false)) p) (bends p) p).
Definition shows (n : nat) (stages : list stage) (f : formula) (degree : nat) (b : list interval) : bool :=
  Nat.eqb (length b) n && close_leaf tries n None stages f degree b.
Definition pace_of (names : nat) (s : system) : pace :=
  let (sums, again) := regrouped (plant s) (outputs s) in
  Pace (compiled_steps (map (fun n => (gets_name n, n)) (plant s ++ sums))) again (map interval_of (others s))
    (length (bounds s) + names).
Definition walls_of (b : list (Q * Q)) : list (interval * interval) := map (fun s => (enclose (fst s), enclose (snd s))) b.
Definition course_of (names : nat) (e : extension_claim) : course :=
  let c := core e in
  let stages := tried_program (core_program c) in
  Course (pace_of names c) (walls_of (bounds c)) (lookup_of (cells_of e)) (shows (length (bounds c)) stages (Nonnegative 0)).

(** ** Soundness *)

Lemma reached_ok z x xs : (forall i, in_unit (z i)) -> Forall2 (models z) x xs -> Forall2 contains (map reached x) xs.
Proof.
  intros Z. induction 1 as [|m v x xs [R P] F IH]; simpl; constructor; auto.
  apply meet_ok; auto. now apply (poly_range_ok z Z).
Qed.
Lemma stays_within_ok b : forall h x, stays_within (walls_of b) h = true ->
  Forall2 contains h x -> in_box b x.
Proof.
  induction b as [|s b IH]; intros [|r h] x H F; simpl in H; try discriminate; inversion F as [|? y ? x' C F']; subst; constructor.
  - rewrite !andb_true_iff in H. destruct H as [[[[A1 A2] A3] A4] _]. destruct C as [Cl Cu].
    pose proof (le_finite _ _ _ Cl A1 A2). pose proof (enclose_ok (fst s)) as [_ U]. pose proof (enclose_ok (snd s)) as [L _].
    apply finite_upper in U; auto. apply finite_lower in L; auto.
    pose proof (finite_ge _ _ _ Cu A3 A4).
    split; lra.
  - apply IH with (h := h); auto. rewrite !andb_true_iff in H. apply H.
Qed.

Definition unchosen : choice := fun _ _ => 0.
Lemma shows_ok n p f degree b x : shows n (tried_program p) f degree b = true -> Forall2 contains b x ->
  truth (run x unchosen p []) f.
Proof.
  unfold shows. intros H C. apply andb_prop in H. destruct H as [L%Nat.eqb_eq H].
  assert (T : proper unchosen) by (intros ? ?; unfold unchosen; lra).
  revert H L C. generalize tries. intros again H L C.
  eapply (close_leaf_ok n None (tried_program p) _ x); [|exact H|exact L|exact C].
  intros narrowing d b' z ms Z Lb M. unfold outcome. unfold tried_program.
  set (q := with_bends _ _ _).
  assert (Ep : map snd q = p) by (apply with_bends_ok; now rewrite map_length).
  rewrite <- Ep. apply (decide_ok _ _ _ x unchosen) with (es := []); auto; [simpl; lia|intros; constructor|right; apply inside_nil].
Qed.
Lemma core_leaf_ok (c : claim) n degree b x : shows n (tried_program (core_program c)) (Nonnegative 0) degree b = true ->
  Forall2 contains b x -> exists v, value c x = Some v /\ v <= Q2R (level c).
Proof.
  intros H C. pose proof (shows_ok _ _ _ _ _ _ H C) as G. unfold core_program in G.
  assert (App : forall q q' e, run x unchosen (q ++ q') e = run x unchosen q' (run x unchosen q e)) by (induction q; intros; simpl; auto).
  rewrite App in G. unfold value, value_of_program. fold unchosen.
  set (e := run x unchosen (lyapunov c) []) in *. cbn [run evaluate nth truth] in G. destruct G as [v [G P]].
  destruct e as [|[|a l] e']; try discriminate. cbn in G. destruct a as [u|]; [|discriminate].
  exists u. split; auto. inversion G. lra.
Qed.

Lemma result_ok z e es r : describes_env z e es ->
  (forall m v w, snd r = Some m -> hd None (nth (fst r) es []) = Some v -> hd None (nth m es []) = Some w -> v = w) ->
  models_scalar z (result e r) (hd None (nth (fst r) es [])).
Proof.
  intros D Twice. assert (At : forall k, models_scalar z (hd None (get k e)) (hd None (nth k es []))).
  { intros k. apply Forall2_hd; [exact I|]. now apply get_ok. }
  unfold result. pose proof (At (fst r)) as A. destruct (hd None (get (fst r) e)) as [a|]; [|exact A].
  destruct (snd r) as [m|]; [|exact A]. pose proof (At m) as B. destruct (hd None (get m e)) as [b|]; [|exact A].
  destruct A as [v [V [A1 A2]]], B as [w [W [B1 B2]]]. pose proof (Twice m v w eq_refl V W). subst w.
  exists v. split; auto. split; cbn [body range]; auto. now apply meet_ok.
Qed.
(** Models of the states are models of the next ones after a step. *)
Lemma moved_ok names s degree k x k' y xs w z : (forall i, in_unit (z i)) ->
  (forall z', agree k z z' -> (forall i, in_unit (z' i)) -> Forall2 (models z') x xs) -> allowed s w ->
  moved (pace_of names s) degree k x = Some (k', y) -> exists z1 ys, (forall i, in_unit (z1 i)) /\ next s xs w = Some ys /\
  forall z', agree k' z1 z' -> (forall i, in_unit (z' i)) -> Forall2 (models z') y ys.
Proof.
  intros Z X [Wb Wt] M. unfold moved, pace_of in M. destruct (regrouped (plant s) (outputs s)) as [sums again] eqn:G.
  cbn [swing room program_of results] in M.
  set (sw := map interval_of (others s)) in *. destruct (variables degree k sw) as [ms|] eqn:Vs; [|discriminate].
  assert (Cw : Forall2 contains sw (fst w)) by (apply boxes_ok; exact Wb).
  destruct (placed_onto sw k z (fst w) Z Cw) as [z1 [Z1 [A1 P1]]].
  assert (X1 : forall z', agree (k + length sw) z1 z' -> (forall i, in_unit (z' i)) -> Forall2 (models z') (x ++ ms) (xs ++ fst w)).
  { intros z' A Z'. apply Forall2_app.
    - apply X; auto. eapply agree_trans; [exact A1|exact A|lia].
    - apply (variables_ok degree z' sw Z' k); auto. apply (placed_agree z1); auto. }
  pose proof (runs_ok degree (length (bounds s) + names) (xs ++ fst w) (snd w) (x ++ ms)
    (map (fun n => (gets_name n, n)) (plant s ++ sums)) Wt z1 (k + length sw)%nat Nothing [] Z1 X1 (fun _ _ _ => described_nothing _)) as R.
  destruct (runs degree _ (x ++ ms) (k + length sw) _ Nothing) as [k2 e2]. destruct R as [z2 [Z2 [A2 [_ R]]]].
  rewrite map_map, map_id in R.
  destruct (all_known _) as [y'|] eqn:Y; [|discriminate]. inversion M; subst k2 y'. apply all_known_ok in Y.
  set (es := run (xs ++ fst w) (snd w) (plant s) []) in *.
  assert (Rows : forall z', agree k' z2 z' -> (forall i, in_unit (z' i)) ->
    Forall2 (models_scalar z') (map Some y) (map (fun j => hd None (nth j es [])) (outputs s))).
  { intros z' A Z'. rewrite <- Y. specialize (R z' A Z').
    destruct (regrouped_ok (xs ++ fst w) (snd w) (plant s) (outputs s) sums again G) as [Old Twice].
    fold es in Old. rewrite <- Old. clear -R Twice.
    induction again as [|r l IH]; simpl; constructor; [|apply IH; intros k m v u I; now apply (Twice k m v u (or_intror I))].
    apply (result_ok z' e2 _ r R). intros m v u E. apply (Twice (fst r) m v u). left. now rewrite <- E, <- surjective_pairing. }
  assert (Known : exists ys, map (fun j => hd None (nth j es [])) (outputs s) = map Some ys).
  { specialize (Rows z2 (fun i _ => eq_refl) Z2). clear -Rows. revert Rows.
    generalize (map (fun j => hd None (nth j es [])) (outputs s)). induction y as [|m y IH]; intros l F; inversion F as [|? a ? l' H F']; subst.
    - now exists [].
    - destruct (IH l' F') as [ys ->]. destruct H as [v [-> _]]. now exists (v :: ys). }
  destruct Known as [ys Ys]. exists z2, ys. split; auto. split.
  - unfold next. fold es. rewrite Ys. now apply all_defined_some.
  - intros z' A Z'. specialize (Rows z' A Z'). rewrite Ys in Rows. clear -Rows. revert ys Rows.
    induction y as [|m y IH]; intros [|v ys] F; inversion F as [|? ? ? ? H F']; subst; constructor; auto.
    destruct H as [u [E H]]. now inversion E; subst.
Qed.

Section Sound.
Variable names : nat.
Variable e : extension_claim.
Notation c := (core e).
Notation B := (bounds c).
Notation V := (value c).
Notation L := (Q2R (level c)).
Notation set := (in_set B V L).
Notation o := (course_of names e).
Notation cells := (kept (cells_of e) B).
Notation reaches := (reaches variation (allowed c) B (next c) set).
Hypothesis kept_core : forall x w, set x -> allowed c w -> exists y, next c x w = Some y /\ set y.
Hypothesis is_fair : fair (cells_of e) B = true.

Lemma set_inside x : set x -> in_box B x. Proof. intros X. apply X. Qed.

(** What is known of earlier times: a state in a cell with such a time. *)
Definition earlier (t : nat) : Prop := forall b s y, (s < t)%nat -> In (b, s) cells -> in_box b y -> in_box B y -> reaches s y.

Lemma in_core_ok degree deeper x xs z : (forall i, in_unit (z i)) -> Forall2 (models z) x xs -> in_box B xs ->
  close (in_core o) (map reached x) deeper degree (map reached x) = true -> set xs.
Proof.
  intros Z M X C. split; auto.
  refine (close_ok (in_core o) (map reached x) (fun v => exists u, V v = Some u /\ u <= L) _ deeper degree (map reached x) C xs _).
  - intros d b H v Cv. cbn [in_core course_of] in H.
    now apply (core_leaf_ok c (length B) d b).
  - now apply (reached_ok z).
Qed.

Lemma follow_ok t degree deeper : earlier t -> forall hops left k x xs z, (forall i, in_unit (z i)) ->
  (forall z', agree k z z' -> (forall i, in_unit (z' i)) -> Forall2 (models z') x xs) -> in_box B xs ->
  (left <= t)%nat -> follow o degree deeper hops left k x = true -> reaches left xs.
Proof.
  intros Before. assert (Here : forall left k x xs z, (forall i, in_unit (z i)) ->
    (forall z', agree k z z' -> (forall i, in_unit (z' i)) -> Forall2 (models z') x xs) -> in_box B xs ->
    close (in_core o) (map reached x) deeper degree (map reached x) = true -> reaches left xs).
  { intros left k x xs z Z M X C. apply (extension_grows _ _ _ _ set kept_core set_inside 0); [lia|].
    apply (in_core_ok degree deeper x xs z); auto. apply M; auto. intros i _. reflexivity. }
  induction hops as [|h IH]; intros left k x xs z Z M X Lt F; [now apply (Here left k x xs z)|].
  destruct left as [|l]; [now apply (Here O k x xs z)|]. cbn [follow] in F. cbv zeta in F.
  split; auto. intros w A. destruct (moved o degree k x) as [[k' y]|] eqn:E; [|discriminate].
  destruct (moved_ok names c degree k x k' y xs w z Z M A E) as [z1 [ys [Z1 [Nx M1]]]].
  exists ys. split; auto.
  assert (C : Forall2 contains (map reached y) ys) by (apply (reached_ok z1); auto; apply M1; auto; intros i _; reflexivity).
  destruct (stays_within (walls o) (map reached y)) eqn:W; [|discriminate].
  assert (Y : in_box B ys) by (now apply (stays_within_ok B (map reached y))).
  destruct (soon (places o) (map reached y) l) eqn:S.
  - destruct (soon_ok (cells_of e) B (map reached y) l ys S C is_fair Y) as [b [s [I [Xb Ls]]]].
    apply (extension_grows _ _ _ _ set kept_core set_inside s); auto. apply (Before b s); auto. lia.
  - apply (IH l k' y ys z1); auto. lia.
Qed.

Lemma crosses_ok deeper hops degree b t : earlier t -> crosses o deeper hops degree (b, t) = true ->
  forall x, in_box b x -> in_box B x -> reaches t x.
Proof.
  intros Before C x Xb X. unfold crosses in C. cbn [fst snd] in C.
  refine (close_ok (crosses_box o deeper hops t) (map interval_of b) (fun v => in_box B v -> reaches t v) _ deeper degree _ C x _ X).
  - intros d b' H v Cv Xv. unfold crosses_box in H. destruct (variables d 0 b') as [ms|] eqn:Vs; [|discriminate].
    destruct (placed_exists b' 0 v Cv) as [z [Z P]].
    apply (follow_ok t d deeper Before hops t (length b') ms v z); auto.
    intros z' A Z'. apply (variables_ok d z' b' Z' 0); auto. now apply (placed_agree z).
  - now apply boxes_ok.
Qed.

(** If every cell is shown, trajectories from it are in the core in time, and in the domain until then. *)
Theorem cells_reach : (forall cell, In cell cells -> exists deeper hops degree, crosses o deeper hops degree cell = true) ->
  forall t b x, In (b, t) cells -> in_box b x -> in_box B x -> reaches t x.
Proof.
  intros H. induction t as [t IH] using (well_founded_induction lt_wf). intros b x I Xb X.
  destruct (H (b, t) I) as [deeper [hops [degree C]]]. apply (crosses_ok deeper hops degree b t); auto.
  intros b' s y Ls I' Yb Y. now apply (IH s Ls b').
Qed.
End Sound.
