(** The obligations [ray] of a claim imply what T-STAB-D asks near the equilibrium. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Arith.
From Certify Require Import Language Tree Theorems Claims Scalars Inline Merging Arranging Rays ExactValues Quotients
  Along FallProgram Neighbourhood.
Import ListNotations.
Local Open Scope R_scope.

Lemma all_start_ok rest : forall es, all_start rest es = true -> length es = length rest /\
  forall i q e, nth_error rest i = Some q -> nth_error es i = Some e ->
  exists p, start e = Some (Rational p) /\ Q2R p = Q2R q.
Proof.
  induction rest as [|q rest IH]; intros [|e es] H; simpl in H; try discriminate.
  - split; auto. intros [|i] ? ? E; discriminate.
  - apply andb_prop in H; destruct H as [H1 H2]. destruct (IH es H2) as [L K].
    split; [simpl; lia|]. intros [|i] q' e' E E'; simpl in E, E'; [|eauto].
    inversion E; inversion E'; subst. unfold starts_at in H1. destruct (exact e') as [p|] eqn:E0; [|discriminate].
    exists p. split; [now apply exact_start|]. apply Qeq_eqR. now apply Qeq_bool_iff.
Qed.
Lemma starts_at_zero e : starts_at 0 e = true -> exists q, start e = Some (Rational q) /\ Q2R q = 0.
Proof.
  unfold starts_at. destruct (exact e) as [p|] eqn:E; [|discriminate]. intros H. exists p. split; [now apply exact_start|].
  rewrite <- Q2R_zero. apply Qeq_eqR. now apply Qeq_bool_iff.
Qed.
Lemma nth_error_list_eq {A} (l : list A) : forall m, length l = length m ->
  (forall i a b, nth_error l i = Some a -> nth_error m i = Some b -> a = b) -> l = m.
Proof.
  induction l as [|a l IH]; intros [|b m] L H; try discriminate; auto. f_equal.
  - apply (H O a b); reflexivity.
  - apply IH; [now injection L|]. intros i. apply (H (S i)).
Qed.

Section Meaning.
Variable c : claim.
Variable ends : list Q.                                (* the plant's results at the equilibrium *)
Let n := length (bounds c).
Let rs := combine (rest c) (cube c).
Hypothesis Lr : length (rest c) = n.
Hypothesis Lc : length (cube c) = n.
Hypothesis Lo : length (outputs c) = n.
Hypothesis Lends : length ends = n.

Lemma rs_rest : map (fun qc => Q2R (fst qc)) rs = equilibrium c.
Proof.
  unfold rs, equilibrium. rewrite <- (map_map fst Q2R). f_equal.
  assert (L : length (rest c) = length (cube c)) by lia. clear -L. revert L. generalize (cube c).
  induction (rest c); intros [|b m] L; simpl in *; try discriminate; auto. f_equal. auto.
Qed.
Lemma rs_length : length rs = n.
Proof. clear Lo. unfold rs. rewrite combine_length. lia. Qed.

Variable q : fall_program.
Hypothesis Ln : length (next_state_at q) = n.
Hypothesis means : forall x w u, length x = n -> placed c q x w u.
Variable none : nat -> R.                              (* no operation depends on a choice *)
Notation fall x w := (get (values (x ++ w) none (code q)) (fall_at q)).

Lemma point_length r d : length d = n -> length (point rs r d) = n.
Proof.
  intros Ld. rewrite <- rs_length in Ld |- *. revert Ld. clear. generalize rs. intros l. revert d.
  induction l as [|[a b] l IH]; intros [|e d] Ld; simpl in *; try discriminate; auto.
Qed.

(** For a point of a ray: what exact arithmetic says of the equilibrium, and the program of the point. *)
Lemma ray_program_ok p g z r d w t : ray_program ends c q = Some (p, g) ->
  0 < r -> length d = n -> length w = length (others c) -> z = r :: d ++ w ->
  (forall v, value c (equilibrium c) = Some v -> v = 0) /\
  (forall y, next c (equilibrium c) (w, t) = Some y -> y = map Q2R ends) /\
  (forall u v s, value c (point rs r d) = Some v -> fall (point rs r d) w = Some s ->
    satisfied (values z u p) g -> 0 < v /\ 0 < s).
Proof.
  unfold ray_program. fold n. fold rs. intros H Pr Ld Lw Ez.
  destruct (ray_states 0 rs [OVar 0; OConst 0]) as [s1 states] eqn:E1.
  destruct (ray_others (S n) (length (others c)) s1) as [s2 vary] eqn:E2.
  destruct (along (states ++ vary) 0 (code q) s2) as [[s3 es]|] eqn:E3; [|discriminate].
  destruct (starts_at 0 (entry_at es (v_at q)) && starts_at 0 (entry_at es (fall_at q)) &&
    all_start ends (map (entry_at es) (next_state_at q))) eqn:B; [|discriminate].
  apply andb_prop in B; destruct B as [B B3]. apply andb_prop in B; destruct B as [B1 B2].
  destruct (starts_at_zero _ B1) as [q1 [Q1 Z1]]. destruct (starts_at_zero _ B2) as [q2 [Q2 Z2]].
  destruct (same_order _ _) as [[i j]|] eqn:So; [|discriminate].
  inversion H; subst p g; clear H.
  set (x := point rs r d) in *. set (x0 := equilibrium c).
  assert (Lx : length x = n) by now apply point_length.
  assert (L0 : length x0 = n) by (unfold x0, equilibrium; rewrite map_length; exact Lr).
  (* the entries of states and other variables, for any choices *)
  assert (All : forall u,
    get (values z u s2) 0 = Some 0 /\ (0 < length s2)%nat /\
    (forall i e, nth_error (states ++ vary) i = Some e ->
      entry_ok z u s2 r (nth_error (x ++ w) i) (nth_error (x0 ++ w) i) e)).
  { intros u. set (s0 := [OVar 0; OConst 0]) in *.
    assert (G1 : get (values z u s0) 1 = Some r) by (rewrite Ez; reflexivity).
    assert (G0 : get (values z u s0) 0 = Some 0) by (unfold get; simpl; now rewrite Q2R_zero).
    destruct (ray_states_ok z u r rs 0 s0 s1 states d E1) as [X1 [Ls H1]]; auto.
    { now rewrite rs_length. }
    { intros m M. rewrite Ez. simpl. rewrite nth_error_app1; auto. rewrite Ld. now rewrite rs_length in M. }
    destruct (ray_others_ok z u r _ _ _ _ _ E2) as [X2 [Lv H2]].
    rewrite rs_rest in H1. fold x x0 in H1. rewrite rs_length in Ls.
    assert (X : extends s0 s2) by (eapply extends_trans; eauto). pose proof (extends_length _ _ X) as Lg. simpl in Lg.
    split; [now rewrite (get_extends z u s0 s2) by (first [exact X|simpl; lia])|]. split; [lia|].
    intros m e Em. destruct (Nat.lt_ge_cases m n) as [Lm|Lm].
    - rewrite nth_error_app1 in Em by lia. rewrite !nth_error_app1 by lia.
      apply (entry_extends z u s1 s2); auto.
    - rewrite nth_error_app2 in Em by lia. rewrite !nth_error_app2 by lia.
      rewrite Lx, L0. rewrite Ls in Em. specialize (H2 (m - n)%nat e (nth_error w (m - n)) Em).
      rewrite Ez in H2. replace (S n + (m - n))%nat with (S m) in H2 by lia. simpl in H2.
      rewrite nth_error_app2 in H2 by lia. rewrite Ld in H2. now rewrite Ez. }
  assert (Run : forall u k, (k < length (code q))%nat -> entry_ok z u s3 r
    (get (values (x ++ w) none (code q)) k) (get (values (x0 ++ w) none (code q)) k) (entry_at es k)).
  { intros u k K. destruct (All u) as [G0 [Lz Ha]].
    destruct (along_ok z u r (x ++ w) (x0 ++ w) none none (states ++ vary) 0 Pr _ _ _ _ E3 Lz G0 Ha) as [_ [Le He]].
    apply He. lia. }
  pose proof (means x w none Lx) as Mx. pose proof (means x0 w none L0) as M0.
  assert (Iv : (v_at q < length (code q))%nat) by (apply (in_code _ _ _ _ _ Mx); now left).
  assert (If : (fall_at q < length (code q))%nat) by (apply (in_code _ _ _ _ _ Mx); right; now left).
  split; [|split].
  - intros v V. pose proof (Run none _ Iv) as E. rewrite (v_value _ _ _ _ _ M0) in E.
    rewrite (start_value _ _ _ _ _ _ _ E _ v Q1 V). exact Z1.
  - intros y Y. fold x0 in Y. rewrite (next_value _ _ _ _ _ M0 t) in Y. apply all_defined_some in Y.
    destruct (all_start_ok _ _ B3) as [_ St]. apply nth_error_list_eq.
    + rewrite <- (map_length Some y), <- Y, !map_length, Ln. lia.
    + intros m a b Ea Eb.
      destruct (map_nth_error_inv _ _ _ _ Eb) as [p [Ep <-]].
      apply (f_equal (fun l => nth_error l m)) in Y. rewrite !nth_error_map, Ea in Y.
      destruct (nth_error (next_state_at q) m) as [o|] eqn:Eo; [|discriminate]. simpl in Y. inversion Y as [Yo].
      assert (Em : nth_error (map (entry_at es) (next_state_at q)) m = Some (entry_at es o))
        by (now rewrite nth_error_map, Eo).
      destruct (St m p _ Ep Em) as [p' [Sp <-]].
      assert (Io : (o < length (code q))%nat).
      { apply (in_code _ _ _ _ _ Mx). right. right. apply in_or_app. right. apply in_or_app. left.
        eapply nth_error_In; eauto. }
      exact (start_value _ _ _ _ _ _ _ (Run none o Io) _ a Sp Yo).
  - intros u v s V F [[w1 [W1 P1]] [w2 [W2 P2]]].
    pose proof (Run u _ Iv) as Ev. rewrite (v_value _ _ _ _ _ Mx), V in Ev.
    pose proof (Run u _ If) as Ef. rewrite F in Ef.
    assert (Two : (v = r * w1 /\ s = r * w2) \/ (v = r * r * w1 /\ s = r * r * w2)).
    { unfold same_order in So.
      assert (First : first (entry_at es (v_at q)) = Some i -> first (entry_at es (fall_at q)) = Some j ->
        v = r * w1 /\ s = r * w2).
      { intros Fi Fj. split.
        - rewrite (first_value _ _ _ _ _ _ _ Ev _ i v w1 Q1 Fi eq_refl W1). cbn [real]. rewrite Z1. ring.
        - rewrite (first_value _ _ _ _ _ _ _ Ef _ j s w2 Q2 Fj eq_refl W2). cbn [real]. rewrite Z2. ring. }
      destruct (second (entry_at es (v_at q))) as [a|] eqn:Sa; destruct (second (entry_at es (fall_at q))) as [b|] eqn:Sb;
        try (left; destruct (first (entry_at es (v_at q))); [|discriminate];
             destruct (first (entry_at es (fall_at q))); [|discriminate]; inversion So; subst; now apply First).
      inversion So; subst. right. split.
      - rewrite (second_value _ _ _ _ _ _ _ Ev _ i v w1 Q1 Sa eq_refl W1). cbn [real]. rewrite Z1. ring.
      - rewrite (second_value _ _ _ _ _ _ _ Ef _ j s w2 Q2 Sb eq_refl W2). cbn [real]. rewrite Z2. ring. }
    destruct Two as [[-> ->]|[-> ->]]; split; repeat apply Rmult_lt_0_compat; auto.
Qed.

Variable l : list obligation.
Hypothesis made : ray_obligations ends c q = Some l.
Hypothesis proved : forall o, In o l -> holds o.

(** Exact arithmetic: V is 0 at the equilibrium, which is one. *)
Theorem zero_at_equilibrium v : value c (equilibrium c) = Some v -> v = 0.
Proof.
  unfold ray_obligations in made. destruct (ray_program ends c q) as [[p g]|] eqn:E; [|discriminate].
  apply (ray_program_ok p g (1 :: repeat 0 n ++ repeat 0 (length (others c))) 1 (repeat 0 n)
    (repeat 0 (length (others c))) (fun _ _ => 0) E); auto; try lra; apply repeat_length.
Qed.
Theorem equilibrium_is_one w y : length (fst w) = length (others c) ->
  next c (equilibrium c) w = Some y -> y = map Q2R ends.
Proof.
  unfold ray_obligations in made. destruct (ray_program ends c q) as [[p g]|] eqn:E; [|discriminate].
  intros Lw. destruct w as [w t]. apply (ray_program_ok p g (1 :: repeat 0 n ++ w) 1 (repeat 0 n) w t E); auto; try lra.
  apply repeat_length.
Qed.

Lemma in_face m i k0 d : length d = m -> (i < m)%nat -> (forall k a, nth_error d k = Some a -> -1 <= a <= 1) ->
  nth_error d i = Some (Q2R k0) -> in_box (face m i k0) d.
Proof.
  intros Ld Li Hd Hi. unfold face, in_box. subst m.
  assert (G : forall j d', (forall k, nth_error d' k = nth_error d (j + k)) ->
    Forall2 within (map (fun k => if Nat.eqb k i then (k0, k0) else (-1, 1)%Q) (seq j (length d'))) d').
  { intros j d'. revert j. induction d' as [|a d' IH]; intros j E; simpl; constructor.
    - specialize (E O). simpl in E. rewrite Nat.add_0_r in E. destruct (Nat.eqb_spec j i) as [->|N]; unfold within; simpl.
      + rewrite Hi in E. inversion E; subst. lra.
      + specialize (Hd j a (eq_sym E)). rewrite Q2R_one, Q2R_m1. exact Hd.
    - apply IH. intros k. specialize (E (S k)). simpl in E. rewrite E. f_equal. lia. }
  apply (G O). reflexivity.
Qed.

(** In the cube, off the equilibrium: V is positive and falls. *)
Theorem rays_fall x w v s : in_cube c x -> x <> equilibrium c -> in_box (others c) w ->
  value c x = Some v -> fall x w = Some s -> 0 < v /\ 0 < s.
Proof.
  intros Cu N Wb V F. unfold ray_obligations in made.
  destruct (ray_program ends c q) as [[p g]|] eqn:E; [|discriminate].
  destruct (forallb proper_obligation _ && forallb _ (cube c)) eqn:B; [|discriminate].
  inversion made as [Em]. clear made. apply andb_prop in B; destruct B as [B1 B2].
  rewrite <- rs_rest in N.
  destruct (on_ray rs x Cu) as [r [d [Pr [Ld [Ex [Hd [i [a [Ei Ea]]]]]]]]]; auto.
  { intros qc I. unfold rs in I. destruct qc as [e h]. apply in_combine_r in I. rewrite forallb_forall in B2.
    specialize (B2 h I). pose proof (Qle_bool_ok h 0) as L. destruct (Qle_bool h 0); [discriminate|].
    rewrite Q2R_zero in L. exact L. }
  rewrite rs_length in Ld. assert (Li : (i < n)%nat) by (rewrite <- Ld; apply nth_error_Some; now rewrite Ei).
  assert (exists e, In (face n i e) (faces n) /\ Q2R e = a) as [e [Fe Ee]].
  { destruct Ea as [->| ->]; [exists 1%Q|exists (-1)%Q]; (split; [|rewrite ?Q2R_one, ?Q2R_m1; auto]);
      apply in_flat_map; exists i; (split; [apply in_seq; lia|simpl; auto]). }
  rewrite <- Ee in Ei.
  set (o := ScalarObligation ((0, 1)%Q :: face n i e ++ others c) p g).
  assert (Io : In o (map (fun b => ScalarObligation ((0, 1)%Q :: b ++ others c) p g) (faces n)))
    by (apply in_map_iff; exists (face n i e); split; [reflexivity|exact Fe]).
  assert (Po : proper_obligation o = true) by (rewrite forallb_forall in B1; now apply B1).
  assert (Ho : holds (obligation_of o)) by (apply proved; rewrite <- Em; now apply in_map).
  assert (Bz : in_box (region o) (r :: d ++ w)).
  { constructor; [unfold within; simpl; rewrite Q2R_zero, Q2R_one; lra|].
    apply Forall2_app; auto. now apply in_face. }
  pose proof (obligation_of_ok o Po Ho _ Bz (fun _ => 0) ltac:(intros; lra)) as Sat.
  assert (Lw : length w = length (others c)) by (symmetry; apply (Forall2_length _ _ _ Wb)).
  destruct (ray_program_ok p g (r :: d ++ w) r d w (fun _ _ => 0) E ltac:(lra) Ld Lw eq_refl) as [_ [_ K]].
  rewrite Ex in V, F. exact (K (fun _ => 0) v s V F Sat).
Qed.
End Meaning.
