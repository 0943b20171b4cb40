(** The program that the obligations of T-STAB-C are about: the velocity, V, and by how much V falls
    along it beyond the stated rate; and the obligations on the faces of the domain.  In words:
    [proofs/theory/T-STAB-C.md]. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Arith.
From Certify Require Import Language Tree Compact Theorems Curves Invariance Claims Scalars Inline Merging Arranging Walks Rays ExactValues
  Quotients Along Moves LinearForms Differences Parts Gaps Rewriting FallProgram Wishes Slopes Choices Tangents.
Import ListNotations.
Local Open Scope R_scope.

(** Plant, and the states as operations. *)
Definition flow_base (n : nat) (p : list operation) : list operation * list nat :=
  puts (map OVar (seq 0 n)) (OConst 0 :: p).

Definition flow_program_of (c : claim) : option fall_program :=
  match scalar_claim_of c with
  | None => None
  | Some k =>
    let p := plant_program k in
    let (s1, xs) := flow_base (length (bounds c)) p in
    let vars := map (fun xd => Move (fst xd) (snd xd)) (combine xs (next_at k)) in
    match slopes (length p) vars (value_program k) s1 with
    | None => None
    | Some (s2, es) =>
      let e := move_at es (value_at k) in
      Some (FallProgram (ORow [-1; - decay c]%Q [change e; before e] 0 :: s2) xs (next_at k) [] (before e) (length s2))
    end
  end.

Lemma flow_base_ok n p s xs z u : flow_base n p = (s, xs) -> (n <= length z)%nat ->
  extends p s /\ length xs = n /\ (length p < length s)%nat /\ get (values z u s) (length p) = Some 0 /\
  forall i j, nth_error xs i = Some j -> (i < n)%nat /\ (j < length s)%nat /\ get (values z u s) j = nth_error z i.
Proof.
  unfold flow_base. intros E Lz.
  destruct (puts_ok z u 0 _ _ _ _ E) as [X [L [I V]]].
  { rewrite forallb_forall. intros o J. apply in_map_iff in J. now destruct J as [i [<- _]]. }
  { rewrite forallb_forall. intros o J. apply in_map_iff in J. now destruct J as [i [<- _]]. }
  rewrite map_length, seq_length in L. pose proof (extends_length _ _ X) as Lx. simpl in Lx.
  split; [eapply extends_trans; [apply extends_put|exact X]|]. split; auto. split; [lia|]. split.
  - rewrite (get_extends z u (OConst 0 :: p) s) by (auto; simpl; lia). rewrite get_put. simpl. now rewrite Q2R_zero.
  - intros i j Ej. assert (Li : (i < n)%nat) by (rewrite <- L; apply nth_error_Some; now rewrite Ej).
    split; auto. split; [apply I; eapply nth_error_In; eauto|].
    apply (f_equal (fun l => nth_error l i)) in V. rewrite !nth_error_map, Ej in V.
    rewrite (nth_error_nth' (seq 0 n) O) in V by (now rewrite seq_length). rewrite seq_nth in V by auto.
    simpl in V. now inversion V.
Qed.

Section Flow.
Variables (c : claim) (q : fall_program).
Hypothesis made : flow_program_of c = Some q.
Hypothesis outs : length (outputs c) = length (bounds c).
Notation n := (length (bounds c)).

Theorem flow_placed x w u : length x = n -> placed c q x w u.
Proof.
  intros Lx. unfold flow_program_of in made. destruct (scalar_claim_of c) as [k|] eqn:Ek; [|discriminate].
  destruct (scalar_claim_ok c k Ek) as [Kv [Kn [Kl [Val Nxt]]]].
  destruct (flow_base n (plant_program k)) as [s1 xs] eqn:E1.
  destruct (slopes _ _ (value_program k) s1) as [[s2 es]|] eqn:E2; [|discriminate]. inversion made as [Eq]. clear made Eq.
  destruct (flow_base_ok _ _ _ _ (x ++ w) u E1) as [Xp [Lxs [Lz [Z0 Ixs]]]]; [rewrite app_length; lia|].
  destruct (places_ok _ _ (x ++ w) u x (fun _ => 0) _ _ _ _ E2) as [X2 [Les Hes]].
  { intros i e E. rewrite nth_error_map in E. destruct (nth_error (combine xs (next_at k)) i) as [[a d]|] eqn:Eab; [|discriminate].
    simpl in E. inversion E; subst e; clear E. apply combine_nth_error in Eab. destruct Eab as [Ea Ed].
    destruct (Ixs i a Ea) as [Li [La Va]]. pose proof (extends_length _ _ Xp). constructor; cbn [before change]; auto.
    - assert (d < length (plant_program k))%nat by (apply Kn; eapply nth_error_In; eauto). lia.
    - rewrite Va. apply nth_error_app1. lia. }
  destruct (Hes (value_at k)) as [H1 H2 H3]; [lia|]. pose proof (extends_length _ _ X2). pose proof (extends_length _ _ Xp).
  assert (X3 : extends s2 (ORow [-1; - decay c]%Q [change (move_at es (value_at k)); before (move_at es (value_at k))] 0 :: s2))
    by apply extends_put.
  constructor; cbn [code state_at next_state_at step_at v_at fall_at].
  - rewrite (get_extends _ _ s2) by auto. rewrite H3. symmetry. apply Val.
  - exact Kl.
  - intros t. rewrite (Nxt x (w, t) u). cbn [fst]. f_equal. apply map_ext_in. intros j J. symmetry.
    apply get_extends; [|now apply Kn]. eapply extends_trans; [exact Xp|]. eapply extends_trans; eauto.
  - split; [lia|]. intros i j E. destruct (Ixs i j E) as [Li [Lj Vj]].
    rewrite (get_extends _ _ s1) by (auto; eapply extends_trans; eauto). rewrite Vj. apply nth_error_app1. lia.
  - intros j [<-|[<-|I]]; simpl; [lia|lia|]. apply in_app_or in I. destruct I as [I|I].
    + apply In_nth_error in I. destruct I as [i E]. destruct (Ixs i j E) as [_ [Lj _]]. lia.
    + rewrite app_nil_r in I. specialize (Kn j I). lia.
Qed.

(** If for every choice V falls by more than [b] beyond the rate, its slope is as small. *)
Theorem flow_slopes x w t y v b : length x = n -> next c x (w, t) = Some y -> value c x = Some v ->
  (forall u, in_range u -> exists s, get (values (x ++ w) u (code q)) (fall_at q) = Some s /\ b < s) ->
  slopes_below (value c) x y (- (Q2R (decay c) * v) - b).
Proof.
  intros Lx Y V H cv [C0 [[d0 [D0 Len]] Slope]].
  unfold flow_program_of in made. destruct (scalar_claim_of c) as [k|] eqn:Ek; [|discriminate].
  destruct (scalar_claim_ok c k Ek) as [Kv [Kn [Kl [Val Nxt]]]].
  destruct (flow_base n (plant_program k)) as [s1 xs] eqn:E1.
  destruct (slopes _ _ (value_program k) s1) as [[s2 es]|] eqn:E2; [|discriminate]. inversion made as [Eq]. clear made.
  set (u0 := fun _ : nat => 0).
  destruct (flow_base_ok _ _ _ _ (x ++ w) u0 E1) as [Xp [Lxs [Lz [Z0 Ixs]]]]; [rewrite app_length; lia|].
  pose proof (extends_length _ _ Xp) as Lp.
  destruct (slopes_ok (x ++ w) (length (plant_program k)) _ cv u0 _ _ u0 _ _ E2 Lz Z0) as [u [G [Les Hes]]].
  { intros i e E. rewrite nth_error_map in E. destruct (nth_error (combine xs (next_at k)) i) as [[a d]|] eqn:Eab; [|discriminate].
    simpl in E. inversion E; subst e; clear E. apply combine_nth_error in Eab. destruct Eab as [Ea Ed].
    destruct (Ixs i a Ea) as [Li [La Va]]. assert (Ld : (d < length (plant_program k))%nat) by (apply Kn; eapply nth_error_In; eauto).
    constructor; cbn [before change]; auto; try lia.
    - rewrite Va, C0. apply nth_error_app1. lia.
    - intros v' d' _ Gd. rewrite (get_extends _ _ (plant_program k) s1) in Gd by auto.
      rewrite (Nxt x (w, t) u0) in Y. cbn [fst] in Y. apply all_defined_some in Y.
      apply (f_equal (fun l => nth_error l i)) in Y. rewrite !nth_error_map, Ed in Y. simpl in Y. rewrite Gd in Y.
      destruct (nth_error y i) as [yi|] eqn:Yi; [|discriminate]. simpl in Y. inversion Y; subst yi.
      rewrite <- (nth_error_nth y i 0 Yi). exists (fun h => nth i (cv h) 0), d0. split; auto. split; [|apply Slope].
      intros h Hh. apply nth_error_nth'. rewrite Len; auto. lia. }
  destruct (Hes (value_at k)) as [H1 H2 H3 H4 _]; [lia|]. set (e := move_at es (value_at k)) in *.
  destruct (H u) as [s [Fs Bs]].
  { apply G. intros j. unfold u0. lra. }
  rewrite <- Eq in Fs. cbn [code fall_at] in Fs. rewrite get_put in Fs. cbn [operate map dot] in Fs.
  rewrite H3, C0, <- Val, V in Fs. destruct (get (values (x ++ w) u s2) (change e)) as [d|] eqn:Ed; [|discriminate].
  simpl in Fs. inversion Fs as [Es]. clear Fs. exists d. split.
  - apply (rises_ext (fun h => get (values (cv h) u0 (value_program k)) (value_at k))).
    + intros h. symmetry. apply Val.
    + apply (H4 v d); auto. now rewrite C0, <- Val.
  - rewrite Q2R_m1, Q2R_opp, Q2R_zero in Es. lra.
Qed.
End Flow.

(** ** Results with the differences in their sums written as such *)

Lemma Forall2_at {A B} (P : A -> B -> Prop) l l' : Forall2 P l l' -> forall i a, nth_error l i = Some a ->
  exists b, nth_error l' i = Some b /\ P a b.
Proof.
  induction 1 as [|a b l l' H _ IH]; intros [|i] c E; try discriminate; simpl in E; [|now apply IH].
  injection E as <-. now exists b.
Qed.

Definition with_rows (xs : list nat) (zero : nat) (p s : list operation) (wanted : list nat) : option (list operation * list nat) :=
  let (s1, fs) := with_differences xs zero p s wanted in
  let rows := map form_row fs in
  if forallb (fun o => below (length s1) (arguments o)) rows then Some (puts rows s1) else None.

Lemma with_rows_ok z u xs zero p s wanted s' js : with_rows xs zero p s wanted = Some (s', js) ->
  extends p s -> (zero < length s)%nat -> get (values z u s) zero = Some 0 -> (forall j, In j xs -> (j < length s)%nat) ->
  (forall i j v, nth_error xs i = Some j -> nth_error z i = Some v -> get (values z u s) j = Some v) ->
  (forall j, In j wanted -> (j < length p)%nat) ->
  extends s s' /\ Forall2 (fun i j => (j < length s')%nat /\
    forall v, get (values z u p) i = Some v -> get (values z u s') j = Some v) wanted js.
Proof.
  unfold with_rows. intros E X Zl Z0 Ixs Vxs W. destruct (with_differences xs zero p s wanted) as [s1 fs] eqn:D.
  destruct (forallb _ _) eqn:B; [|discriminate]. injection E as E.
  destruct (with_differences_ok z u xs zero p s wanted s1 fs D X Zl Z0 Ixs Vxs W) as [X1 Fs].
  destruct (puts_ok z u 0 (map form_row fs) s1 s' js E) as [X2 [L [I V]]]; auto.
  { rewrite forallb_forall. intros o J. apply in_map_iff in J. now destruct J as [f [<- _]]. }
  split; [eapply extends_trans; eauto|]. clear -Fs L I V. rewrite map_length in L. rewrite map_map in V.
  revert js L I V. induction Fs as [|i f wanted fs H Fs IH]; intros [|j js] L I V; try discriminate; constructor.
  - split; [apply I; now left|]. intros v Vi. destruct (H v Vi) as [K ->]. injection V as V _. rewrite V.
    unfold form_row. cbn [operate]. apply dot_terms. exact K.
  - apply IH; auto. + intros k K. apply I. now right. + now injection V.
Qed.

(** ** Faces *)

Section Faces.
Variable c : claim.

(** Plant and V, without its slope, and the velocity once more with the differences in its sums written as such:
    on the face of an estimate's error that is all there is of it. *)
Definition face_program : option (list operation * nat * list nat) :=
  match scalar_claim_of c with
  | None => None
  | Some k =>
    let p := plant_program k in
    let (s0, xs) := flow_base (length (bounds c)) p in
    match with_rows xs (length p) p s0 (next_at k) with
    | None => None
    | Some (s1, ds) =>
      match moves (map (fun x => Move x (length p)) xs) (length p) (value_program k) s1 with
      | None => None
      | Some (s2, es) => Some (s2, before (move_at es (value_at k)), ds)
      end
    end
  end.
(** Variable [i] has the value [v]. *)
Definition side (i : nat) (v : Q) (b : list (Q * Q)) : list (Q * Q) :=
  mapi (fun j bj => if Nat.eqb j i then (v, v) else bj) b.
(** V is above the level, or the velocity points inward. *)
Definition face_obligation (s : list operation) (v d i : nat) (sign end_ : Q) : option obligation :=
  let wish := WEither (WRow true [1]%Q [v] (- level c)) (WRow true [- sign]%Q [d] 0) in
  let (s', g) := grant wish s in
  let o := ScalarObligation (side i end_ (bounds c) ++ others c) s' g in
  if wish_below (length s) wish && proper_obligation o then Some (obligation_of o) else None.
Definition face_obligations : option (list obligation) :=
  match face_program with
  | None => None
  | Some (s, v, ds) =>
    all_some (concat (mapi (fun i db => [face_obligation s v (fst db) i 1 (snd (snd db));
                                         face_obligation s v (fst db) i (-1) (fst (snd db))])
                           (combine ds (bounds c))))
  end.

Lemma mapi_nth {A B} (f : nat -> A -> B) l i : nth_error (mapi f l) i =
  match nth_error l i with Some a => Some (f i a) | None => None end.
Proof.
  unfold mapi. assert (G : forall l k i, nth_error (mapi_from k f l) i =
    match nth_error l i with Some a => Some (f (k + i)%nat a) | None => None end).
  { clear l i. induction l as [|a l IH]; intros k [|i]; simpl; auto.
    - now rewrite Nat.add_0_r.
    - rewrite IH. destruct (nth_error l i); auto. f_equal. f_equal. lia. }
  apply G.
Qed.
Lemma in_side i v b x : in_box b x -> nth i x 0 = Q2R v -> in_box (side i v b) x.
Proof.
  intros H E. apply in_box_nth. apply in_box_nth in H. destruct H as [L H]. split.
  - unfold side, mapi. rewrite L. generalize 0%nat. clear. induction b; intros k; simpl; auto.
  - intros j bj Ej. unfold side in Ej. rewrite mapi_nth in Ej. destruct (nth_error b j) as [a|] eqn:Ea; [|discriminate].
    inversion Ej; subst bj. destruct (Nat.eqb_spec j i) as [->|N]; [|now apply H]. unfold within. simpl. lra.
Qed.

Hypothesis outs : length (outputs c) = length (bounds c).
Variable l : list obligation.
Hypothesis made : face_obligations = Some l.
Hypothesis proved : forall o, In o l -> holds o.

Theorem faces_inward : inward variation (allowed c) (bounds c) (next c) (value c) (Q2R (level c)).
Proof.
  intros x [w t] y i b [X [v [V Lv]]] [W _] Y Eb. cbn [fst] in W. unfold face_obligations in made.
  assert (Lx : length x = length (bounds c)) by (symmetry; apply (Forall2_length _ _ _ X)).
  destruct face_program as [[[s va] ds]|] eqn:Ep; [|discriminate]. unfold face_program in Ep.
  destruct (scalar_claim_of c) as [k|] eqn:Ek; [|discriminate].
  destruct (scalar_claim_ok c k Ek) as [Kv [Kn [Kl [Val Nxt]]]].
  destruct (flow_base _ (plant_program k)) as [s0 xs] eqn:E0.
  destruct (with_rows _ _ _ _ _) as [[s1 js]|] eqn:E1; [|discriminate].
  destruct (moves _ _ (value_program k) s1) as [[s2 es]|] eqn:E2; [|discriminate]. inversion Ep; subst s va ds; clear Ep.
  set (u := fun _ : nat => 0).
  destruct (flow_base_ok _ _ _ _ (x ++ w) u E0) as [Xp [Lxs [Lz [Z0 Ixs]]]]; [rewrite app_length; lia|].
  destruct (with_rows_ok (x ++ w) u _ _ _ _ _ _ _ E1 Xp Lz Z0) as [X1 Again]; auto.
  { intros j J. apply In_nth_error in J. destruct J as [a Ea]. apply (Ixs a j Ea). }
  { intros j a r Ea Ev. destruct (Ixs j a Ea) as [_ [_ Va]]. now rewrite Va. }
  pose proof (extends_length _ _ X1) as L1.
  destruct (places_ok _ _ (x ++ w) u x u _ _ _ _ E2) as [X2 [Les Hes]].
  { intros j e E. rewrite nth_error_map in E. destruct (nth_error xs j) as [a|] eqn:Ea; [|discriminate].
    simpl in E. inversion E; subst e; clear E. destruct (Ixs j a Ea) as [Li [La Va]].
    constructor; cbn [before change]; auto; try lia.
    rewrite (get_extends _ _ s0 s1) by auto. rewrite Va. apply nth_error_app1. lia. }
  destruct (Hes (value_at k)) as [H1 _ H3]; [lia|]. set (va := before (move_at es (value_at k))) in *.
  rewrite <- Val in H3. fold u in H3.
  assert (Li : (i < length (bounds c))%nat) by (apply nth_error_Some; now rewrite Eb).
  destruct (nth_error (next_at k) i) as [d|] eqn:Ed; [|apply nth_error_None in Ed; lia].
  rewrite (Nxt x (w, t) u) in Y. cbn [fst] in Y. apply all_defined_some in Y.
  apply (f_equal (fun l => nth_error l i)) in Y. rewrite !nth_error_map, Ed in Y. simpl in Y.
  destruct (nth_error y i) as [yi|] eqn:Yi; [|discriminate]. simpl in Y. inversion Y as [Gd]. clear Y.
  destruct (Forall2_at _ _ _ Again i d Ed) as [j [Ej [Lj Vj]]]. specialize (Vj yi Gd). clear Gd.
  assert (Gd : get (values (x ++ w) u s2) j = Some yi) by now rewrite (get_extends (x ++ w) u s1 s2).
  rewrite (nth_error_nth y i 0 Yi).
  assert (Face : forall sign e, In (face_obligation s2 va j i sign e)
      [face_obligation s2 va j i 1 (snd b); face_obligation s2 va j i (-1) (fst b)] ->
    nth i x 0 = Q2R e -> 0 < - Q2R sign * yi).
  { intros sign e I Ex.
    assert (exists o, face_obligation s2 va j i sign e = Some o /\ In o l) as [o [Eo Io]].
    { set (ll := concat _) in made. apply all_some_ok in made.
      assert (J : In (face_obligation s2 va j i sign e) ll).
      { unfold ll. apply in_concat. eexists. split; [|exact I]. apply (nth_error_In _ i). rewrite mapi_nth.
        replace (nth_error (combine js (bounds c)) i) with (Some (j, b)) by (symmetry; now apply combine_nth_error).
        reflexivity. }
      rewrite made in J. apply in_map_iff in J. destruct J as [o [Eo Io]]. eauto. }
    unfold face_obligation in Eo. destruct (grant _ s2) as [s' g] eqn:Gr.
    destruct (wish_below _ _ && _) eqn:B; [|discriminate]. apply andb_prop in B; destruct B as [B1 B2].
    inversion Eo; subst o; clear Eo. specialize (proved _ Io).
    assert (Bx : in_box (side i e (bounds c) ++ others c) (x ++ w)) by (apply Forall2_app; auto; now apply in_side).
    pose proof (obligation_of_ok _ B2 proved (x ++ w) Bx u ltac:(intros; unfold u; simpl; lra)) as Sat.
    cbn [operations wanted] in Sat. destruct (grant_ok (x ++ w) u s2 _ B1 _ _ _ Gr (extends_refl _)) as [_ T].
    specialize (T s' (extends_refl _) Sat). destruct T as [[a [A Pa]]|[a [A Pa]]]; simpl in A.
    - rewrite H3, V in A. simpl in A. inversion A; subst a. rewrite Q2R_one, Q2R_opp in Pa. lra.
    - rewrite Gd in A. simpl in A. inversion A; subst a. rewrite Q2R_opp, Q2R_zero in Pa. lra. }
  split; intros E.
  - pose proof (Face 1%Q (snd b) (or_introl eq_refl) E) as P. rewrite Q2R_one in P. lra.
  - pose proof (Face (-1)%Q (fst b) (or_intror (or_introl eq_refl)) E) as P. rewrite Q2R_m1 in P. lra.
Qed.
End Faces.
