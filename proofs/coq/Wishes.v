(** The obligation [descent] of T-STAB-D over the program of [FallProgram.v], and what it says. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Arith.
From Certify Require Import Language Theorems Claims Scalars Inline Merging Arranging Rays ExactValues Quotients
  Parts LinearForms Branches FallProgram.
Import ListNotations.
Local Open Scope R_scope.

(** ** Formulas of rows over the operations of a program *)

Inductive wish :=
| WRow (strict : bool) (row : list Q) (args : list nat) (bias : Q)    (* row . args + bias > 0, or >= 0 *)
| WDefined (j : nat)
| WBoth (a b : wish) | WEither (a b : wish).

Fixpoint wish_true (m : list scalar) (w : wish) : Prop :=
  match w with
  | WRow strict row args bias => exists v, dot row (map (get m) args) (Q2R bias) = Some v /\
      (if strict then 0 < v else 0 <= v)
  | WDefined j => exists v, get m j = Some v
  | WBoth a b => wish_true m a /\ wish_true m b
  | WEither a b => wish_true m a \/ wish_true m b
  end.
Fixpoint wish_below (n : nat) (w : wish) : bool :=
  match w with
  | WRow _ _ args _ => below n args
  | WDefined j => Nat.ltb j n
  | WBoth a b | WEither a b => wish_below n a && wish_below n b
  end.
(** The rows of a formula, written. *)
Fixpoint grant (w : wish) (s : list operation) : list operation * goal_of :=
  match w with
  | WRow strict row args bias =>
    let (s', j) := put (ORow row args bias) s in (s', if strict then GPositive j else GNonnegative j)
  | WDefined j => (s, GDefined j)
  | WBoth a b => let (s1, f) := grant a s in let (s2, g) := grant b s1 in (s2, GAnd f g)
  | WEither a b => let (s1, f) := grant a s in let (s2, g) := grant b s1 in (s2, GOr f g)
  end.

Lemma grant_ok z u s0 w : wish_below (length s0) w = true -> forall s s' g, grant w s = (s', g) ->
  extends s0 s -> extends s s' /\ forall s'', extends s' s'' -> satisfied (values z u s'') g ->
  wish_true (values z u s0) w.
Proof.
  induction w as [strict row args bias|j|a IHa b IHb|a IHa b IHb]; simpl; intros B s s' g E X.
  - inversion E; subst; clear E. split; [apply extends_put|]. intros s'' X' T.
    pose proof (extends_length _ _ X') as L. simpl in L.
    assert (G : get (values z u s'') (length s) = dot row (map (get (values z u s0)) args) (Q2R bias)).
    { rewrite (get_extends z u (ORow row args bias :: s) s'') by (auto; simpl; lia). rewrite get_put. simpl.
      f_equal. apply map_ext_in. intros i I. apply get_extends; auto. now apply (below_ok _ args). }
    destruct strict; simpl in T; rewrite G in T; exact T.
  - inversion E; subst; clear E. split; [apply extends_refl|]. intros s'' X' [v V]. exists v.
    apply Nat.ltb_lt in B. rewrite (get_extends z u s0) in V; auto. eapply extends_trans; eauto.
  - destruct (grant a s) as [s1 f] eqn:Ea. destruct (grant b s1) as [s2 g'] eqn:Eb. inversion E; subst; clear E.
    apply andb_prop in B; destruct B as [B1 B2]. destruct (IHa B1 _ _ _ Ea X) as [X1 T1].
    destruct (IHb B2 _ _ _ Eb (extends_trans _ _ _ X X1)) as [X2 T2]. split; [eapply extends_trans; eauto|].
    intros s'' X' [T T']. split; [apply (T1 s''); auto; eapply extends_trans; eauto|apply (T2 s''); auto].
  - destruct (grant a s) as [s1 f] eqn:Ea. destruct (grant b s1) as [s2 g'] eqn:Eb. inversion E; subst; clear E.
    apply andb_prop in B; destruct B as [B1 B2]. destruct (IHa B1 _ _ _ Ea X) as [X1 T1].
    destruct (IHb B2 _ _ _ Eb (extends_trans _ _ _ X X1)) as [X2 T2]. split; [eapply extends_trans; eauto|].
    intros s'' X' [T|T]; [left; apply (T1 s''); auto; eapply extends_trans; eauto|right; apply (T2 s''); auto].
Qed.

(** Where operations have values: those on which that depends, as others have one where their arguments do. *)
Definition has_all_values (g : fn) : bool := match g with Log | Sqrt | Recip => false | _ => true end.
Definition is_total (o : operation) : bool :=
  match o with
  | OConst _ | ONeg _ | OAdd _ _ | OSub _ _ | OMul _ _ | OMax _ _ | ORow _ _ _ => true
  | OCall g _ | OIncrement g _ _ => has_all_values g
  | OVar _ | OStep _ | OSelect _ _ _ | OQuotient _ _ _ | OQuotient2 _ _ _ => false
  end.
Definition joined (a : nat) (l : list nat) : list nat := if existsb (Nat.eqb a) l then l else a :: l.
Fixpoint deciding (p : list operation) (l : list nat) : list nat :=
  match p with
  | [] => []
  | o :: p' =>
    let n := length p' in
    if existsb (Nat.eqb n) l then
      let others := filter (fun j => negb (Nat.eqb n j)) l in
      if is_total o then deciding p' (fold_right joined others (arguments o)) else n :: deciding p' others
    else deciding p' l
  end.

Lemma joined_in a b l : In b (joined a l) <-> b = a \/ In b l.
Proof.
  unfold joined. destruct (existsb _ l) eqn:E; simpl; [|intuition auto]. split; auto. intros [->|I]; auto.
  apply existsb_exists in E. destruct E as [k [I E]]. apply Nat.eqb_eq in E. now subst.
Qed.
Lemma all_joined b l k : In b (fold_right joined k l) <-> In b l \/ In b k.
Proof. induction l as [|a l IH]; simpl; [intuition auto|]. rewrite joined_in, IH. intuition auto. Qed.
Lemma total_value x c m o : is_total o = true -> (forall a, In a (arguments o) -> exists v, get m a = Some v) ->
  exists v, operate x c m o = Some v.
Proof.
  intros T H. assert (Call : forall g y, has_all_values g = true -> exists v, call g y = Some v).
  { intros g y G. unfold call. destruct (has_value_dec g y) as [|N]; [eauto|]. destruct g; try discriminate; now elim N. }
  destruct o; try discriminate; simpl in *; try (destruct (H a (or_introl eq_refl)) as [y ->]);
    try (destruct (H b (or_intror (or_introl eq_refl))) as [y' ->]); try (eexists; reflexivity); simpl; auto.
  - destruct (H s (or_introl eq_refl)) as [y ->]. destruct (H d (or_intror (or_introl eq_refl))) as [y' ->]. simpl.
    unfold increment. destruct (Call g y T) as [v ->]. destruct (Call g (y + y') T) as [v' ->]. simpl. eauto.
  - clear T. revert args H. induction row as [|q row IH]; intros [|a args] H; simpl; eauto.
    destruct (H a (or_introl eq_refl)) as [y ->]. destruct (IH args (fun b B => H b (or_intror B))) as [v ->]. simpl. eauto.
Qed.
Lemma deciding_ok x u s p : ordered p = true -> extends p s -> forall l, (forall j, In j l -> (j < length p)%nat) ->
  (forall j, In j (deciding p l) -> exists v, get (values x u s) j = Some v) ->
  forall j, In j l -> exists v, get (values x u s) j = Some v.
Proof.
  induction p as [|o p IH]; intros O X l L H j J; [specialize (L j J); simpl in L; lia|].
  simpl in O. apply andb_prop in O; destruct O as [B O]. simpl in L, H.
  pose proof (extends_trans _ _ _ (extends_put o p) X) as Xp. specialize (IH O Xp).
  destruct (existsb (Nat.eqb (length p)) l) eqn:E.
  - set (others := filter (fun i => negb (Nat.eqb (length p) i)) l) in *.
    assert (F : forall i, In i others -> (i < length p)%nat).
    { intros i I. apply filter_In in I. destruct I as [I N]. specialize (L i I).
      destruct (Nat.eqb_spec (length p) i); [discriminate|lia]. }
    assert (Case : j = length p \/ In j others).
    { destruct (Nat.eqb_spec (length p) j) as [N|N]; auto. right. apply filter_In. split; auto.
      destruct (Nat.eqb_spec (length p) j); auto. }
    destruct (is_total o) eqn:T.
    + assert (K : forall i, In i (fold_right joined others (arguments o)) -> exists v, get (values x u s) i = Some v).
      { apply IH; auto. intros i I. apply all_joined in I. destruct I as [I|I]; auto. now apply (below_ok _ (arguments o)). }
      destruct Case as [->|Case]; [|apply K, all_joined; auto].
      rewrite (get_extends x u (o :: p) s) by (auto; simpl; lia). rewrite get_put. apply total_value; auto.
      intros a A. destruct (K a) as [v V]; [apply all_joined; auto|]. exists v.
      rewrite (get_extends x u p s) in V by (auto; now apply (below_ok _ (arguments o))). exact V.
    + destruct Case as [->|Case]; [apply H; now left|]. apply (IH others); auto. intros i I. apply H. now right.
  - apply (IH l); auto. intros i I. specialize (L i I). destruct (Nat.eq_dec i (length p)) as [->|N]; [|lia].
    assert (existsb (Nat.eqb (length p)) l = true) by (apply existsb_exists; exists (length p); split; auto; apply Nat.eqb_refl). congruence.
Qed.

Definition all_wishes (l : list wish) (last : wish) : wish := fold_right WBoth last l.
Definition any_wish {A} (f : A -> wish) (l : list A) (last : A) : wish :=
  fold_right (fun a w => WEither (f a) w) (f last) l.
Lemma all_wishes_true m l last : wish_true m (all_wishes l last) -> forall w, In w l -> wish_true m w.
Proof. induction l as [|a l IH]; intros H w []; simpl in H; destruct H; subst; auto. Qed.
Lemma all_wishes_last m l last : wish_true m (all_wishes l last) -> wish_true m last.
Proof. induction l as [|a l IH]; simpl; auto. intros []. auto. Qed.
Lemma any_wish_true {A} (f : A -> wish) m l last : wish_true m (any_wish f l last) ->
  exists a, (a = last \/ In a l) /\ wish_true m (f a).
Proof.
  induction l as [|a l IH]; simpl; [eauto|]. intros [H|H]; [eauto|].
  destruct (IH H) as [b [[->|I] T]]; eauto.
Qed.

(** ** What falls is positive, as such or by the branches of a kink *)

Definition branch_wish (f : form) (e : kink) (k j : Q) : wish :=
  let b := branch_of f e k j in WRow true (map snd (terms b)) (map fst (terms b)) (constant b).
Definition kink_wish (f : form) (e : kink) : wish :=
  let '(k1, k2) := slopes_kink e in
  let falls k := WEither (branch_wish f e k k1) (branch_wish f e k k2) in
  WBoth (WDefined (at_kink e)) (WBoth (falls k1) (falls k2)).
Definition falls_wish (p : list operation) (i : nat) : wish :=
  let fs := forms [] p in let f := form_at fs i in
  fold_left (fun w e => WEither w (kink_wish f e)) (kinks_of p fs f) (WRow true [1]%Q [i] 0).

Lemma branch_wish_ok z u p f e k j : wish_true (values z u p) (branch_wish f e k j) ->
  0 < form_value (values z u p) (branch_of f e k j).
Proof.
  intros [r [D P]]. assert (r = form_value (values z u p) (branch_of f e k j)) as <-; [|exact P].
  apply (form_row_ok z u p 0). exact D.
Qed.
Lemma falls_wish_ok z u p i v : get (values z u p) i = Some v -> wish_true (values z u p) (falls_wish p i) -> 0 < v.
Proof.
  intros V. unfold falls_wish. set (f := form_at (forms [] p) i).
  assert (Any : forall l w, (forall e, In e l -> In e (kinks_of p (forms [] p) f)) ->
    (wish_true (values z u p) w -> 0 < v) ->
    wish_true (values z u p) (fold_left (fun w e => WEither w (kink_wish f e)) l w) -> 0 < v).
  { induction l as [|e l IH]; intros w I W H; [now apply W|].
    apply (IH (WEither w (kink_wish f e))); [intros; apply I; now right| |exact H].
    intros [T|T]; [now apply W|]. unfold kink_wish in T. destruct (slopes_kink e) as [k1 k2] eqn:K.
    destruct T as [Def [T1 T2]]. apply (branches_ok z u p i v e V (I e (or_introl eq_refl)) Def).
    rewrite K. cbn [fst snd]. intros k [->| ->];
      [destruct T1 as [T|T]|destruct T2 as [T|T]]; apply branch_wish_ok in T; eauto. }
  apply Any; auto. intros [r [D P]]. simpl in D. rewrite V in D. simpl in D. injection D as <-.
  rewrite Q2R_one, Q2R_zero in P. lra.
Qed.

(** ** The obligation *)

Section Made.
Variable c : claim.
Variable q : fall_program.

(** Numbers theta that are tried. *)
Definition pulls : list Q := [0; 1; 1 # 2; 4 # 5; 19 # 20]%Q.

(** [f_i - theta x_i] is below or above what it may be, where [d] is [f_i - x_i]. *)
Definition not_over (d x : nat) (high theta : Q) : wish :=
  WRow false [-1; - (1 - theta)]%Q [d; x] ((1 - theta) * high).
Definition not_under (d x : nat) (low theta : Q) : wish :=
  WRow false [1; 1 - theta]%Q [d; x] (- ((1 - theta) * low)).
Definition stay_wish (dxb : nat * nat * (Q * Q)) : wish :=
  let '(d, x, (low, high)) := dxb in
  WBoth (any_wish (not_over d x high) pulls 0%Q) (any_wish (not_under d x low) pulls 0%Q).
(** Where V is at most the level [f_i] need not be below [high], but below [high + m (V - level)] for an
    [m] that is not negative. *)
Definition kept_over (d x : nat) (high m : Q) : wish :=
  WRow false [-1; -1; m]%Q [d; x; v_at q] (high - m * level c).
Definition kept_under (d x : nat) (low m : Q) : wish :=
  WRow false [1; 1; m]%Q [d; x; v_at q] (- (low + m * level c)).
Definition kept_wish (dxbr : nat * nat * (Q * Q) * Q) : wish :=
  let '(d, x, (low, high), r) := dxbr in
  let up := Qred ((high - r) / (2 * level c)) in let down := Qred ((r - low) / (2 * level c)) in
  if Qle_bool 0 up && Qle_bool 0 down then
    WBoth (WEither (not_over d x high 0)
                   (WEither (kept_over d x high up) (any_wish (not_over d x high) (tl pulls) 0%Q)))
          (WEither (not_under d x low 0)
                   (WEither (kept_under d x low down) (any_wish (not_under d x low) (tl pulls) 0%Q)))
  else stay_wish (d, x, (low, high)).
Definition near_wish (xrs : nat * (Q * Q)) : wish :=
  let '(x, (r, s)) := xrs in WBoth (WRow false [-1]%Q [x] (s + r)) (WRow false [1]%Q [x] (s - r)).
(** In discrete time; in continuous time there are no steps. *)
Definition stays_wish : wish :=
  all_wishes (map stay_wish (combine (combine (step_at q) (state_at q)) (bounds c))) (WDefined (v_at q)).
Definition kept_wishes : wish :=
  all_wishes (map kept_wish (combine (combine (combine (step_at q) (state_at q)) (bounds c)) (rest c))) (WDefined (v_at q)).
(** The next states have values. *)
Definition goes_on_wish (last : wish) : wish :=
  all_wishes (map WDefined (if ordered (code q) then deciding (code q) (next_state_at q) else next_state_at q)) last.
Definition descent_wish : wish :=
  let known := WDefined (v_at q) in
  WEither (WRow true [1]%Q [v_at q] (- level c))
    (WBoth known
      (WBoth (goes_on_wish (WDefined (fall_at q)))
        (WBoth kept_wishes
          (WEither (all_wishes (map near_wish (combine (state_at q) (combine (rest c) (cube c)))) known)
                   (WBoth (WRow true [1]%Q [v_at q] 0) (falls_wish (code q) (fall_at q))))))).

Definition descent_obligation : option obligation :=
  let (s, g) := grant descent_wish (code q) in
  let o := ScalarObligation (bounds c ++ others c) s g in
  if wish_below (length (code q)) descent_wish && proper_obligation o then Some (obligation_of o) else None.
End Made.

Lemma pull_range t : In t pulls -> 0 <= Q2R t <= 1.
Proof.
  unfold pulls. simpl. intros H. unfold Q2R.
  repeat destruct H as [<-|H]; simpl; try lra; contradiction.
Qed.
Lemma stays_nth bs : forall x y, length x = length bs -> length y = length bs ->
  (forall i b, nth_error bs i = Some b -> pulled b (nth i x 0) (nth i y 0)) -> stays bs x y.
Proof.
  induction bs as [|b bs IH]; intros [|p x] [|r y] Lx Ly K; simpl in *; try discriminate; constructor.
  - apply (K O b eq_refl).
  - apply IH; try lia. intros i b' E. apply (K (S i) b' E).
Qed.
Lemma cube_nth l : forall x, length x = length l ->
  (forall i rs, nth_error l i = Some rs -> Rabs (nth i x 0 - Q2R (fst rs)) <= Q2R (snd rs)) ->
  Forall2 (fun rs y => Rabs (y - Q2R (fst rs)) <= Q2R (snd rs)) l x.
Proof.
  induction l as [|rs l IH]; intros [|p x] L K; simpl in *; try discriminate; constructor.
  - apply (K O rs eq_refl).
  - apply IH; try lia. intros i rs' E. apply (K (S i) rs' E).
Qed.
Lemma combine_some {A B} (l : list A) : forall (m : list B) i b, length l = length m ->
  nth_error m i = Some b -> exists a, nth_error l i = Some a /\ nth_error (combine l m) i = Some (a, b).
Proof.
  intros m i b L E. assert (Li : (i < length l)%nat) by (rewrite L; apply nth_error_Some; now rewrite E).
  destruct (nth_error l i) as [a|] eqn:A1; [|apply nth_error_None in A1; lia].
  exists a. split; auto. apply combine_nth_error. auto.
Qed.

Lemma kept_ok c q m v dxbr : get m (v_at q) = Some v -> v <= Q2R (level c) ->
  wish_true m (kept_wish c q dxbr) -> wish_true m (stay_wish (fst dxbr)).
Proof.
  destruct dxbr as [[[d x] [low high]] r]. intros V L. unfold kept_wish. cbn [fst].
  destruct (Qle_bool 0 _ && _) eqn:P; [|auto]. apply andb_prop in P; destruct P as [U%Qle_bool_iff%Qle_Rle W%Qle_bool_iff%Qle_Rle].
  rewrite Q2R_zero in U, W. revert U W. generalize (Qred ((high - r) / (2 * level c))) (Qred ((r - low) / (2 * level c))).
  intros up down U W [Hi Lo]. split; [destruct Hi as [A|[[g [G N]]|A]]|destruct Lo as [A|[[g [G N]]|A]]];
    try (now left); try (now right); left; cbn [wish_true not_over not_under map] in *.
  - revert G. simpl. rewrite V. destruct (get m d) as [p|]; [|discriminate]. destruct (get m x) as [z|]; [|discriminate].
    simpl. intros G. injection G as <-. eexists. split; [reflexivity|].
    repeat rewrite ?Q2R_m1, ?Q2R_minus, ?Q2R_mult, ?Q2R_opp, ?Q2R_one, ?Q2R_zero in *. nra.
  - revert G. simpl. rewrite V. destruct (get m d) as [p|]; [|discriminate]. destruct (get m x) as [z|]; [|discriminate].
    simpl. intros G. injection G as <-. eexists. split; [reflexivity|].
    repeat rewrite ?Q2R_m1, ?Q2R_plus, ?Q2R_minus, ?Q2R_mult, ?Q2R_opp, ?Q2R_one, ?Q2R_zero in *. nra.
Qed.

Lemma kept_wishes_ok c q m v : get m (v_at q) = Some v -> v <= Q2R (level c) -> length (rest c) = length (bounds c) ->
  wish_true m (kept_wishes c q) -> wish_true m (stays_wish c q).
Proof.
  unfold kept_wishes, stays_wish. intros V L Lr.
  assert (Le : (length (combine (combine (step_at q) (state_at q)) (bounds c)) <= length (rest c))%nat)
    by (rewrite combine_length; lia). revert Le. generalize (rest c) (combine (combine (step_at q) (state_at q)) (bounds c)).
  intros rs l. revert rs. induction l as [|a l IH]; intros [|r rs] Le; simpl in Le; try lia; auto.
  intros [H K]. split; [exact (kept_ok c q m v (a, r) V L H)|]. apply (IH rs); auto. lia.
Qed.

(** What the part about the cube says. *)
Lemma near_says c q x w u last : placed c q x w u -> length x = length (bounds c) ->
  length (rest c) = length (bounds c) -> length (cube c) = length (bounds c) ->
  wish_true (values (x ++ w) u (code q)) (all_wishes (map near_wish (combine (state_at q) (combine (rest c) (cube c)))) last) ->
  in_cube c x.
Proof.
  intros [_ _ _ [Ls Ms] _] Lx Lr Lc Near. set (m := values (x ++ w) u (code q)) in *.
  pose proof (all_wishes_true _ _ _ Near) as K. unfold in_cube. apply cube_nth.
  { rewrite combine_length. lia. }
  intros i [r h] Er. destruct (combine_some (state_at q) (combine (rest c) (cube c)) i (r, h)) as [xi [Ex E2]]; auto.
  { rewrite combine_length. lia. }
  specialize (K (near_wish (xi, (r, h))) (in_map _ _ _ (nth_error_In _ _ E2))).
  assert (Li : (i < length x)%nat) by (rewrite <- Ls; apply nth_error_Some; now rewrite Ex).
  assert (Xi : get m xi = Some (nth i x 0)) by (rewrite (Ms i xi Ex); now apply nth_error_nth').
  destruct K as [[a [A Pa]] [b [B Pb]]]. simpl in A, B. rewrite Xi in A, B. simpl in A, B.
  inversion A; inversion B; subst a b. rewrite Q2R_m1, Q2R_plus in Pa. rewrite Q2R_one, Q2R_minus in Pb.
  simpl. unfold Rabs. destruct Rcase_abs; lra.
Qed.
(** What the part about definedness says. *)
Lemma goes_on_says c q x w u last : placed c q x w u -> wish_true (values (x ++ w) u (code q)) (goes_on_wish q last) ->
  exists y, map (get (values (x ++ w) u (code q))) (next_state_at q) = map Some y.
Proof.
  intros Pl Def. set (m := values (x ++ w) u (code q)) in *. pose proof (all_wishes_true _ _ _ Def) as K.
  assert (N : forall j, In j (next_state_at q) -> exists v, get m j = Some v).
  { destruct (ordered (code q)) eqn:O.
    - apply (deciding_ok (x ++ w) u (code q) (code q) O (extends_refl _)).
      + intros j J. apply (in_code _ _ _ _ _ Pl). simpl. right; right. apply in_or_app. right. apply in_or_app. now left.
      + intros j J. exact (K (WDefined j) (in_map _ _ _ J)).
    - intros j J. exact (K (WDefined j) (in_map _ _ _ J)). }
  clear -N. induction (next_state_at q) as [|j l IH]; [now exists []|].
  destruct IH as [y Y]; [intros; apply N; now right|]. destruct (N j (or_introl eq_refl)) as [a A].
  exists (a :: y). simpl. now rewrite A, Y.
Qed.
Lemma next_says c q x w t u last : placed c q x w u -> wish_true (values (x ++ w) u (code q)) (goes_on_wish q last) ->
  exists y, next c x (w, t) = Some y.
Proof.
  intros Pl Def. destruct (goes_on_says c q x w u last Pl Def) as [y Y]. exists y.
  rewrite (next_value _ _ _ _ _ Pl t). now apply all_defined_some.
Qed.

Theorem descent_at c q o x w t u : descent_obligation c q = Some o -> true_at (x ++ w) o ->
  (forall k, 0 <= u k <= 1) -> placed c q x w u -> length (next_state_at q) = length (bounds c) ->
  length (rest c) = length (bounds c) -> length (cube c) = length (bounds c) ->
  length x = length (bounds c) ->
  exists v, value c x = Some v /\ (Q2R (level c) < v \/ exists y s, next c x (w, t) = Some y /\
    wish_true (values (x ++ w) u (code q)) (stays_wish c q) /\ get (values (x ++ w) u (code q)) (fall_at q) = Some s /\
    (in_cube c x \/ 0 < v /\ 0 < s)).
Proof.
  unfold descent_obligation. intros M H U Me Ln Lr Lc Lx.
  destruct (grant (descent_wish c q) (code q)) as [s g] eqn:G.
  destruct (wish_below (length (code q)) (descent_wish c q) && _) eqn:P; [|discriminate].
  apply andb_prop in P; destruct P as [P1 P2]. inversion M; subst o; clear M.
  pose proof (obligation_at (x ++ w) _ P2 H u U) as Sat.
  cbn [operations wanted] in Sat.
  destruct (grant_ok (x ++ w) u (code q) _ P1 _ _ _ G (extends_refl _)) as [_ T].
  specialize (T s (extends_refl _) Sat). clear Sat.
  pose proof Me as Me'. destruct Me as [Mv _ Mn [Ls Ms] _]. set (m := values (x ++ w) u (code q)) in *.
  destruct T as [[v [D Pos]]|[[v V] [Def [Stay Near]]]].
  - simpl in D. rewrite Mv in D. destruct (value c x) as [v0|]; [|discriminate]. simpl in D. inversion D; subst v.
    exists v0. split; auto. left. rewrite Q2R_one, Q2R_opp in Pos. lra.
  - pose proof (kept_wishes_ok c q m v V) as Kept. rewrite Mv in V. exists v. split; auto.
    destruct (Rlt_dec (Q2R (level c)) v) as [Gr|Le]; [now left|right].
    destruct (next_says c q x w t u _ Me' Def) as [y Nx].
    destruct (all_wishes_last _ _ _ Def) as [f F].
    exists y, f. split; auto. split; [|split; auto].
    + apply Kept; auto. lra.
    + destruct Near as [Near|[[v1 [D1 R1]] R2]]; [left|right].
      * now apply (near_says c q x w u _ Me' Lx Lr Lc Near).
      * split; [|exact (falls_wish_ok _ _ _ _ _ F R2)]. simpl in D1. rewrite Mv, V in D1. simpl in D1. injection D1 as <-.
        rewrite Q2R_one, Q2R_zero in R1. lra.
Qed.

Lemma descent_box c q o : descent_obligation c q = Some o -> box o = bounds c ++ others c.
Proof.
  unfold descent_obligation. destruct (grant _ _) as [s g]. destruct (_ && _); [|discriminate]. intros M. inversion M. apply region_of.
Qed.

Theorem descent_says c q o x w t u : descent_obligation c q = Some o -> holds o ->
  (forall k, 0 <= u k <= 1) -> placed c q x w u -> length (next_state_at q) = length (bounds c) ->
  length (rest c) = length (bounds c) -> length (cube c) = length (bounds c) ->
  in_box (bounds c) x -> in_box (others c) w ->
  exists v, value c x = Some v /\ (Q2R (level c) < v \/ exists y s, next c x (w, t) = Some y /\
    wish_true (values (x ++ w) u (code q)) (stays_wish c q) /\ get (values (x ++ w) u (code q)) (fall_at q) = Some s /\
    (in_cube c x \/ 0 < v /\ 0 < s)).
Proof.
  intros M H U Me Ln Lr Lc X W. apply (descent_at c q o); auto.
  - intros t' T. apply H; auto. rewrite (descent_box c q o M). now apply Forall2_app.
  - symmetry. clear -X. induction X; simpl; auto.
Qed.

(** In discrete time: what the part about the steps says. *)
Lemma stays_says c q x w t y : meaning c q x w (fun _ => 0) -> next c x (w, t) = Some y ->
  length x = length (bounds c) -> length y = length (bounds c) ->
  wish_true (values (x ++ w) (fun _ => 0) (code q)) (stays_wish c q) -> stays (bounds c) x y.
Proof.
  intros [[_ _ _ [Ls Ms] _] [Ld Md] _] Nx Lx Ly. set (m := values (x ++ w) (fun _ => 0) (code q)) in *.
  intros Stay. apply stays_nth; auto. intros i b Eb. pose proof (all_wishes_true _ _ _ Stay) as K.
  assert (Li : (i < length (bounds c))%nat) by (apply nth_error_Some; now rewrite Eb).
  destruct (combine_some (combine (step_at q) (state_at q)) (bounds c) i b) as [[d xi] [E1 E2]]; auto.
  { rewrite combine_length. lia. }
  apply combine_nth_error in E1. destruct E1 as [Ed Ex].
  specialize (K (stay_wish (d, xi, b)) (in_map _ _ _ (nth_error_In _ _ E2))).
  destruct b as [low high]. destruct K as [Up Lw].
  assert (Xi : get m xi = Some (nth i x 0)).
  { rewrite (Ms i xi Ex). apply nth_error_nth'. lia. }
  assert (Di : forall g, get m d = Some g -> g = nth i y 0 - nth i x 0) by (intros g0 Hg; exact (Md t y i d g0 Nx Ed Hg)).
  assert (Pr : forall th, th = 0%Q \/ In th pulls -> 0 <= Q2R th <= 1).
  { intros th [->|I]; [rewrite Q2R_zero; lra|]. now apply pull_range. }
  split.
  * destruct (any_wish_true _ _ _ _ Up) as [th [I [r [D R]]]]. exists (Q2R th). split; [now apply Pr|].
    simpl in D. rewrite Xi in D. destruct (get m d) as [g0|] eqn:Gd; [|discriminate]. simpl in D. inversion D; subst r.
    rewrite (Di g0 eq_refl), Q2R_m1, Q2R_opp, Q2R_mult, Q2R_minus, Q2R_one in R. simpl. lra.
  * destruct (any_wish_true _ _ _ _ Lw) as [th [I [r [D R]]]]. exists (Q2R th). split; [now apply Pr|].
    simpl in D. rewrite Xi in D. destruct (get m d) as [g0|] eqn:Gd; [|discriminate]. simpl in D. inversion D; subst r.
    rewrite (Di g0 eq_refl), Q2R_opp, Q2R_mult, Q2R_minus, Q2R_one in R. simpl. lra.
Qed.
