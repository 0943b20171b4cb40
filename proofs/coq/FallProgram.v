(** The program that the obligations of T-STAB-D are about: the next state, V, and by how much V falls
    in a step beyond the stated rate, as the difference of two values or with differences written as
    differences.  In words: [proofs/theory/T-STAB-D.md], [L-DIFF.md]. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Arith.
From Certify Require Import Language Tree Theorems Claims Scalars Inline Walks Rays ExactValues
  Quotients Along Moves LinearForms Differences Parts Gaps Rewriting.
Import ListNotations.
Local Open Scope R_scope.

(** ** Plant and Lyapunov function as scalars *)

Record scalar_claim := ScalarClaim
  { value_program : list operation; value_at : nat;    (* V, and which operation it is *)
    plant_program : list operation; next_at : list nat }.

Definition scalar_claim_of (c : claim) : option scalar_claim :=
  match scalars (lyapunov c) [] [], scalars (plant c) [] [] with
  | Some (vs, vtab), Some (ps, ptab) =>
    match hd_error (hd [] vtab), all_some (map (fun k => hd_error (nth k ptab [])) (outputs c)) with
    | Some v, Some next =>
      if Nat.ltb v (length vs) && below (length ps) next then Some (ScalarClaim vs v ps next) else None
    | _, _ => None
    end
  | _, _ => None
  end.

Lemma represents_hd x u s e tab : represents x u s e tab ->
  hd [] e = map (get (values x u s)) (hd [] tab).
Proof. destruct 1 as [|v js e tab [E _] _]; auto. Qed.

Lemma scalar_claim_ok c k : scalar_claim_of c = Some k ->
  (value_at k < length (value_program k))%nat /\
  (forall j, In j (next_at k) -> (j < length (plant_program k))%nat) /\
  length (next_at k) = length (outputs c) /\
  (forall x u, value c x = get (values x u (value_program k)) (value_at k)) /\
  (forall x w u, next c x w = all_defined (map (get (values (x ++ fst w) u (plant_program k))) (next_at k))).
Proof.
  unfold scalar_claim_of. intros H.
  destruct (scalars (lyapunov c) [] []) as [[vs vtab]|] eqn:Ev; [|discriminate].
  destruct (scalars (plant c) [] []) as [[ps ptab]|] eqn:Ep; [|discriminate].
  destruct (hd_error (hd [] vtab)) as [v|] eqn:Hv; [|discriminate].
  destruct (all_some _) as [nx|] eqn:Hn; [|discriminate].
  destruct (Nat.ltb v (length vs) && below (length ps) nx) eqn:B; [|discriminate].
  apply andb_prop in B; destruct B as [B1%Nat.ltb_lt B2]. inversion H; subst k; clear H.
  cbn [value_program value_at plant_program next_at]. apply all_some_ok in Hn.
  split; auto. split; [intros; now apply (below_ok _ nx)|].
  split; [rewrite <- (map_length Some nx), <- Hn; apply map_length|]. split.
  - intros x u. unfold value, value_of_program.
    destruct (scalars_ok x (fun _ _ => 0) u (lyapunov c) [] [] vs vtab [] Ev (Forall2_nil _)) as [_ Re].
    rewrite (represents_hd _ _ _ _ _ Re). destruct (hd [] vtab); inversion Hv; subst; reflexivity.
  - intros x w u. unfold next.
    destruct (scalars_ok (x ++ fst w) (snd w) u (plant c) [] [] ps ptab [] Ep (Forall2_nil _)) as [_ Re].
    f_equal. clear -Re Hn. revert nx Hn. induction (outputs c) as [|o l IH]; intros [|j nx] Hn; simpl in *;
      try discriminate; auto. inversion Hn as [[Hj Hr]]. f_equal; auto.
    destruct (represents_nth _ _ _ _ _ o Re) as [E _]. rewrite E.
    destruct (nth o ptab []) as [|j' r]; inversion Hj; subst; reflexivity.
Qed.

(** ** The program *)

Record fall_program := FallProgram
  { code : list operation;                             (* over states, parameters and disturbances *)
    state_at : list nat; next_state_at : list nat;
    step_at : list nat;                                (* next states minus states *)
    v_at : nat;                                        (* V *)
    fall_at : nat }.                                   (* (1 - decay) V - V after the step *)

(** A form minus the operation [x]. *)
Definition step_row (xf : nat * form) : operation :=
  form_row (Form (insert (fst xf) (-1) (terms (snd xf))) (constant (snd xf))).

Definition fall_program_of (by_differences : bool) (c : claim) : option fall_program :=
  match scalar_claim_of c with
  | None => None
  | Some k =>
    let p := plant_program k in
    let zero := length p in
    let (s0, xs) := puts (map OVar (seq 0 (length (bounds c)))) (OConst 0 :: p) in
    let (s1, fs) := with_differences xs zero p s0 (next_at k) in
    let rows := map step_row (combine xs fs) in
    let next := map form_row fs in
    if forallb (fun o => below (length s1) (arguments o)) (rows ++ next) then
      let (sd, ds) := puts rows s1 in
      let (s2, ns) := puts next sd in
      let changes := if by_differences then ds else map (fun _ => zero) ds in
      match moves (map (fun xd => Move (fst xd) (snd xd)) (combine xs changes)) zero (value_program k) s2 with
      | None => None
      | Some (s3, es) =>
        let e := move_at es (value_at k) in
        let done s o := Some (FallProgram (o :: s) xs (next_at k) ds (before e) (length s)) in
        if by_differences then done s3 (ORow [-1; - decay c]%Q [change e; before e] 0)
        else
          match moves (map (fun j => Move j zero) ns) zero (value_program k) s3 with
          | None => None
          | Some (s4, es') => done s4 (ORow [1 - decay c; -1]%Q [before e; before (move_at es' (value_at k))] 0)
          end
      end
    else None
  end.

Lemma map_nth_error_inv {A B} (f : A -> B) l i b : nth_error (map f l) i = Some b ->
  exists a, nth_error l i = Some a /\ f a = b.
Proof. rewrite nth_error_map. destruct (nth_error l i); intros H; inversion H; eauto. Qed.

(** What the program computes, at states [x] with parameters and disturbances [w]. *)
Section Meaning.
Variables (c : claim) (q : fall_program) (x w : list R) (u : nat -> R).
Notation m := (values (x ++ w) u (code q)).

(** In discrete and in continuous time. *)
Record placed : Prop := Placed
  { v_value : get m (v_at q) = value c x;
    next_length : length (next_state_at q) = length (outputs c);
    next_value : forall t, next c x (w, t) = all_defined (map (get m) (next_state_at q));
    state_value : length (state_at q) = length x /\
      forall i p, nth_error (state_at q) i = Some p -> get m p = nth_error x i;
    in_code : forall j, In j (v_at q :: fall_at q :: state_at q ++ next_state_at q ++ step_at q) ->
      (j < length (code q))%nat }.

(** In discrete time. *)
Record meaning : Prop := Meaning
  { is_placed : placed;
    step_value : length (step_at q) = length x /\
      forall t y i p d, next c x (w, t) = Some y -> nth_error (step_at q) i = Some p ->
      get m p = Some d -> d = nth i y 0 - nth i x 0;
    fall_value : forall t y v v' s, value c x = Some v -> next c x (w, t) = Some y -> value c y = Some v' ->
      get m (fall_at q) = Some s -> s = (1 - Q2R (decay c)) * v - v' }.

End Meaning.

Theorem fall_program_ok b c q x w u : fall_program_of b c = Some q ->
  length (outputs c) = length (bounds c) -> length x = length (bounds c) -> meaning c q x w u.
Proof.
  intros made outs Lx. unfold fall_program_of in made. destruct (scalar_claim_of c) as [k|] eqn:Ek; [|discriminate].
  destruct (scalar_claim_ok c k Ek) as [Kv [Kn [Kl [Val Nxt]]]].
  set (p := plant_program k) in *. set (zero := length p) in *. set (n := length (bounds c)) in *.
  destruct (puts (map OVar (seq 0 n)) (OConst 0 :: p)) as [s0 xs] eqn:E1.
  destruct (with_differences xs zero p s0 (next_at k)) as [s1 fs] eqn:Edf.
  set (rows := map step_row (combine xs fs)) in *. set (nexts := map form_row fs) in *.
  destruct (forallb (fun o => below (length s1) (arguments o)) (rows ++ nexts)) eqn:Br; [|discriminate].
  rewrite forallb_app in Br. apply andb_prop in Br; destruct Br as [Br Bn].
  destruct (puts rows s1) as [sd ds] eqn:E2. destruct (puts nexts sd) as [s2 ns] eqn:En.
  set (changes := if b then ds else map (fun _ => zero) ds) in *.
  destruct (moves (map (fun xd => Move (fst xd) (snd xd)) (combine xs changes)) zero (value_program k) s2)
    as [[s3 es]|] eqn:E3; [|discriminate].
  set (z := x ++ w) in *.
  (* the variables *)
  destruct (puts_ok z u 0 _ _ _ _ E1) as [X1 [Lxs [Ixs0 Vxs]]].
  { rewrite forallb_forall. intros o I. apply in_map_iff in I. now destruct I as [i [<- _]]. }
  { rewrite forallb_forall. intros o I. apply in_map_iff in I. now destruct I as [i [<- _]]. }
  rewrite map_length, seq_length in Lxs.
  assert (Xp0 : extends p s0) by (eapply extends_trans; [apply extends_put|exact X1]).
  pose proof (extends_length _ _ X1) as L0. simpl in L0.
  assert (Vx0 : forall i j, nth_error xs i = Some j -> get (values z u s0) j = nth_error z i).
  { intros i j E. assert (Li : (i < n)%nat) by (rewrite <- Lxs; apply nth_error_Some; now rewrite E).
    apply (f_equal (fun l => nth_error l i)) in Vxs. rewrite !nth_error_map, E in Vxs.
    rewrite (nth_error_nth' (seq 0 n) O) in Vxs by (now rewrite seq_length). rewrite seq_nth in Vxs by auto.
    simpl in Vxs. now inversion Vxs. }
  assert (Zx : forall i, (i < n)%nat -> nth_error z i = nth_error x i).
  { intros i Li. unfold z. apply nth_error_app1. lia. }
  assert (G00 : get (values z u s0) zero = Some 0).
  { rewrite (get_extends z u (OConst 0 :: p) s0) by (auto; simpl; lia). unfold zero. rewrite get_put. simpl.
    now rewrite Q2R_zero. }
  (* the next states as forms *)
  assert (Vk : forall i j v, nth_error xs i = Some j -> nth_error z i = Some v -> get (values z u s0) j = Some v)
    by (intros i j v E Z; now rewrite (Vx0 i j E)).
  assert (Lz : (zero < length s0)%nat) by (unfold zero; lia).
  destruct (with_differences_ok z u xs zero p s0 (next_at k) s1 fs Edf Xp0 Lz G00 Ixs0 Vk Kn) as [Xd Fs].
  pose proof (extends_length _ _ Xd) as Ld.
  assert (Lf : length fs = n) by (rewrite <- (Forall2_length _ _ _ Fs), Kl; exact outs).
  assert (Xp : extends p s1) by (eapply extends_trans; eauto).
  assert (L1 : (S (length p) <= length s1)%nat) by lia.
  assert (Ixs : forall j, In j xs -> (j < length s1)%nat) by (intros j J; specialize (Ixs0 j J); lia).
  assert (Vx : forall i j, nth_error xs i = Some j -> get (values z u s1) j = nth_error z i).
  { intros i j E. rewrite (get_extends z u s0 s1); auto. apply Ixs0. eapply nth_error_In; eauto. }
  assert (Next : forall t y i f, next c x (w, t) = Some y -> nth_error fs i = Some f ->
    exists yi, nth_error y i = Some yi /\ all_known (values z u s1) (terms f) /\ yi = form_value (values z u s1) f).
  { intros t y i f Y E. assert (Li : (i < n)%nat) by (rewrite <- Lf; apply nth_error_Some; now rewrite E).
    rewrite (Nxt x (w, t) u) in Y. cbn [fst] in Y. fold p z in Y. apply all_defined_some in Y.
    destruct (nth_error (next_at k) i) as [o|] eqn:Eo; [|apply nth_error_None in Eo; rewrite Kl, outs in Eo; fold n in Eo; lia].
    apply (f_equal (fun l => nth_error l i)) in Y. rewrite !nth_error_map, Eo in Y. simpl in Y.
    destruct (nth_error y i) as [yi|] eqn:Yi; [|discriminate]. simpl in Y. inversion Y as [Yo]. exists yi. split; auto.
    clear -Fs Eo E Yo. revert i Eo E. induction Fs as [|j g l l' H F IH]; intros [|i] Eo E; simpl in *; try discriminate.
    - inversion Eo; inversion E; subst. now apply H.
    - now apply (IH i). }
  (* the steps *)
  assert (Sr : forallb settled rows = true).
  { rewrite forallb_forall. intros o I. apply in_map_iff in I. now destruct I as [i [<- _]]. }
  assert (Sn : forallb settled nexts = true).
  { rewrite forallb_forall. intros o I. apply in_map_iff in I. now destruct I as [i [<- _]]. }
  destruct (puts_ok z u 0 _ _ _ _ E2 Sr Br) as [Xs [Lds [Ids0 Vds]]].
  pose proof (extends_length _ _ Xs) as Ls.
  destruct (puts_ok z u 0 _ _ _ _ En Sn) as [Xn [Lns [Ins Vns]]].
  { rewrite forallb_forall in Bn |- *. intros o I. specialize (Bn o I). unfold below in *. rewrite forallb_forall in *.
    intros a A. specialize (Bn a A). rewrite Nat.ltb_lt in *. lia. }
  assert (X2 : extends s1 s2) by (eapply extends_trans; eauto).
  assert (Lr : length rows = n).
  { unfold rows. rewrite map_length, combine_length, Lf, Lxs. lia. }
  pose proof (extends_length _ _ Xn) as Ln2. pose proof (extends_length _ _ X2) as L2.
  assert (Ids : forall j, In j ds -> (j < length s2)%nat) by (intros j J; specialize (Ids0 j J); lia).
  assert (Steps : forall t y i j d, next c x (w, t) = Some y -> nth_error ds i = Some j ->
    get (values z u s2) j = Some d -> d = nth i y 0 - nth i x 0).
  { intros t y i j d Y E D. assert (Li : (i < n)%nat) by (rewrite <- Lr, <- Lds; apply nth_error_Some; now rewrite E).
    rewrite (get_extends z u sd s2) in D by (auto; apply Ids0; eapply nth_error_In; eauto).
    apply (f_equal (fun l => nth_error l i)) in Vds. rewrite !nth_error_map, E in Vds. simpl in Vds.
    unfold rows in Vds. rewrite nth_error_map in Vds.
    destruct (nth_error (combine xs fs) i) as [[a f]|] eqn:Eaf; [|discriminate].
    apply combine_nth_error in Eaf. destruct Eaf as [Ea Ef]. simpl in Vds. inversion Vds as [Vd]. clear Vds.
    rewrite D in Vd. symmetry in Vd.
    apply (form_row_ok z u s1 0 (Form (insert a (-1) (terms f)) (constant f)) d) in Vd.
    unfold form_value in Vd. cbn [terms constant] in Vd. rewrite insert_value in Vd.
    destruct (Next t y i f Y Ef) as [yi [Yi [_ Fv]]]. unfold form_value in Fv.
    destruct (nth_error x i) as [xi|] eqn:Xi; [|apply nth_error_None in Xi; lia].
    unfold total in Vd at 1. rewrite (Vx i a Ea), (Zx i Li), Xi, Q2R_m1 in Vd.
    rewrite (nth_error_nth y i 0 Yi), (nth_error_nth x i 0 Xi). lra. }
  assert (Ns : forall t y i j, next c x (w, t) = Some y -> nth_error ns i = Some j ->
    get (values z u s2) j = nth_error y i).
  { intros t y i j Y E. apply (f_equal (fun l => nth_error l i)) in Vns. rewrite !nth_error_map, E in Vns. simpl in Vns.
    unfold nexts in Vns. rewrite nth_error_map in Vns. destruct (nth_error fs i) as [f|] eqn:Ef; [|discriminate].
    injection Vns as Vn. destruct (Next t y i f Y Ef) as [yi [-> [H ->]]].
    assert (Hd : all_known (values z u sd) (terms f)).
    { intros a A. destruct (H a A) as [v V]. exists v. rewrite (get_extends z u s1 sd); auto. exact (get_some _ _ _ _ _ V). }
    rewrite Vn. unfold form_row. cbn [operate]. rewrite (dot_terms _ _ (constant f) Hd). f_equal. unfold form_value. f_equal. clear -H Xs.
    induction (terms f) as [|[a q] l IH]; simpl; auto. destruct (H a (or_introl eq_refl)) as [v V].
    unfold total. rewrite (get_extends z u s1 sd) by (auto; exact (get_some _ _ _ _ _ V)). rewrite IH; auto.
    intros b B. apply H. now right. }
  assert (G0 : get (values z u s1) zero = Some 0) by (rewrite (get_extends z u s0 s1); auto; unfold zero; lia).
  assert (G2 : get (values z u s2) zero = Some 0) by (rewrite (get_extends z u s1 s2); auto; unfold zero; lia).
  (* V at the state, and its change *)
  assert (Pos : forall y t, (b = true -> next c x (w, t) = Some y) -> (b = false -> y = x) ->
    extends s2 s3 /\ move_ok z u s3 (value c x) (value c y) (move_at es (value_at k))).
  { intros y t Hb Hp. destruct (moves_ok z u x y (fun _ => 0) _ zero (value_program k) s2 s3 es E3) as [X3 [Les Mes]].
    - unfold zero. lia.
    - exact G2.
    - intros i e E. apply map_nth_error_inv in E. destruct E as [[a d] [E <-]]. apply combine_nth_error in E.
      destruct E as [Ea Ed]. assert (Li : (i < n)%nat) by (rewrite <- Lxs; apply nth_error_Some; now rewrite Ea).
      pose proof (nth_error_In _ _ Ea) as Ia. specialize (Ixs a Ia).
      constructor; cbn [before change fst snd].
      + lia.
      + unfold changes in Ed. destruct b.
        * apply Ids. eapply nth_error_In; eauto.
        * apply map_nth_error_inv in Ed. destruct Ed as [? [_ <-]]. unfold zero. lia.
      + rewrite (get_extends z u s1 s2) by auto. rewrite (Vx i a Ea). auto.
      + intros v v' g V V' G. unfold changes in Ed. destruct b.
        * rewrite (Steps t y i d g (Hb eq_refl) Ed G).
          rewrite (nth_error_nth y i 0 V'), (nth_error_nth x i 0 V). ring.
        * apply map_nth_error_inv in Ed. destruct Ed as [? [_ <-]]. rewrite G2 in G. inversion G; subst g.
          rewrite (Hp eq_refl) in V'. rewrite V in V'. inversion V'. ring.
    - split; auto. rewrite (Val x (fun _ => 0)), (Val y (fun _ => 0)). apply Mes. lia. }
  pose proof (moves_extends _ _ _ _ _ _ E3) as X3.
  pose proof (extends_length _ _ X3) as L3.
  (* V at the state *)
  assert (Bf : (before (move_at es (value_at k)) < length s3)%nat /\
    get (values z u s3) (before (move_at es (value_at k))) = value c x).
  { destruct b eqn:Eb.
    - (* the position is that of a copy: compare with any second point *)
      destruct (moves_ok z u x [] (fun _ => 0) _ zero (value_program k) s2 s3 es E3) as [_ [Les Mes]].
      + unfold zero. lia.
      + exact G2.
      + intros i e E. apply map_nth_error_inv in E. destruct E as [[a d] [E <-]]. apply combine_nth_error in E.
        destruct E as [Ea Ed]. assert (Li : (i < n)%nat) by (rewrite <- Lxs; apply nth_error_Some; now rewrite Ea).
        pose proof (nth_error_In _ _ Ea) as Ia. specialize (Ixs a Ia).
        constructor; cbn [before change fst snd]; try lia.
        * apply Ids. eapply nth_error_In; eauto.
        * rewrite (get_extends z u s1 s2) by auto. rewrite (Vx i a Ea). auto.
        * intros v v' g _ V'. destruct i; discriminate.
      + destruct (Mes (value_at k)) as [M1 M2 M3 _]; [lia|]. split; auto. rewrite M3. symmetry. apply Val.
    - destruct (Pos x (fun _ _ => 0)) as [_ [M1 M2 M3 _]]; [discriminate|auto|]. auto. }
  assert (Common : forall s o, extends s3 s -> (forall t y v v' f, value c x = Some v ->
      next c x (w, t) = Some y -> value c y = Some v' -> operate z (u (length s)) (values z u s) o = Some f ->
      f = (1 - Q2R (decay c)) * v - v') ->
    FallProgram (o :: s) xs (next_at k) ds (before (move_at es (value_at k))) (length s) = q -> meaning c q x w u).
  { intros s o X Hf <-. assert (X' : extends s3 (o :: s)) by (eapply extends_trans; [exact X|apply extends_put]).
    assert (X23 : extends s2 (o :: s)) by (eapply extends_trans; eauto).
    assert (X13 : extends s1 (o :: s)) by (eapply extends_trans; eauto).
    pose proof (extends_length _ _ X') as LX. simpl in LX.
    split; [split|..]; cbn [code state_at next_state_at step_at v_at fall_at].
    - rewrite (get_extends z u s3 (o :: s)) by (first [exact X'|exact (proj1 Bf)]). exact (proj2 Bf).
    - exact Kl.
    - intros t. rewrite (Nxt x (w, t) u). cbn [fst]. fold p z. f_equal. apply map_ext_in. intros j J.
      symmetry. apply get_extends; [eapply extends_trans; [exact Xp|exact X13]|]. now apply Kn.
    - split; [lia|]. intros i j E. pose proof (nth_error_In _ _ E) as Ia. specialize (Ixs j Ia).
      rewrite (get_extends z u s1) by auto. rewrite (Vx i j E). apply Zx. rewrite <- Lxs. apply nth_error_Some. now rewrite E.
    - intros j [<-|[<-|I]]; simpl; [destruct Bf; lia|lia|]. apply in_app_or in I. destruct I as [I|I].
      + specialize (Ixs j I). lia.
      + apply in_app_or in I. destruct I as [I|I]; [specialize (Kn j I); fold p in Kn; unfold zero in L1; lia|].
        specialize (Ids j I). lia.
    - split; [lia|]. intros t y i j d Y E D. pose proof (nth_error_In _ _ E) as Ia. specialize (Ids j Ia).
      rewrite (get_extends z u s2) in D by auto. eauto.
    - intros t y v v' f V Y V' F. rewrite get_put in F. eauto. }
  destruct b eqn:Eb.
  - injection made as Em. refine (Common s3 _ (extends_refl _) _ Em).
    intros t y v v' f V Y V' F. destruct (Pos y t) as [_ [M1 M2 M3 M4]]; auto; [discriminate|].
    cbn [operate map] in F. rewrite M3, V in F. simpl in F.
    destruct (get (values z u s3) (change (move_at es (value_at k)))) as [d|] eqn:D; [|discriminate].
    simpl in F. inversion F. rewrite (M4 v v' d V V' eq_refl), Q2R_m1, Q2R_opp, Q2R_zero. ring.
  - destruct (moves (map (fun j => Move j zero) ns) zero (value_program k) s3) as [[s4 es']|] eqn:E4; [|discriminate].
    assert (G3 : get (values z u s3) zero = Some 0) by (rewrite (get_extends z u s2 s3); auto; unfold zero; lia).
    assert (Second : forall y t, next c x (w, t) = Some y ->
      extends s3 s4 /\ move_ok z u s4 (value c y) (value c y) (move_at es' (value_at k))).
    { intros y t Y. destruct (moves_ok z u y y (fun _ => 0) _ zero (value_program k) s3 s4 es' E4) as [X4 [Les Mes]].
      - unfold zero. lia.
      - exact G3.
      - intros i e E. apply map_nth_error_inv in E. destruct E as [o [Eo <-]].
        pose proof (Ins o (nth_error_In _ _ Eo)) as Lo.
        constructor; cbn [before change]; try (unfold zero in *; lia).
        + rewrite (get_extends z u s2 s3) by auto. now apply (Ns t).
        + intros v v' g V V' G. rewrite G3 in G. inversion G. rewrite V in V'. inversion V'. ring.
      - split; auto. rewrite (Val y (fun _ => 0)). apply Mes. lia. }
    pose proof (moves_extends _ _ _ _ _ _ E4) as X4.
    injection made as Em. refine (Common s4 _ X4 _ Em).
    intros t y v v' f V Y V' F. destruct (Second y t Y) as [_ [M1 M2 M3 _]].
    cbn [operate map] in F. rewrite (get_extends z u s3 s4) in F by (first [exact X4|exact (proj1 Bf)]).
    rewrite (proj2 Bf), V, M3, V' in F. simpl in F. inversion F. rewrite Q2R_minus, Q2R_one, Q2R_m1, Q2R_zero. ring.
Qed.
