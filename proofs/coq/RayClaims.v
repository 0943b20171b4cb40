(** The obligations [ray] of a claim imply what T-STAB-D asks near the equilibrium. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Arith.
From Certify Require Import Language Tree Theorems Claims Descent Accepted Scalars Inline Rays ExactValues Quotients
  Along Neighbourhood.
Import ListNotations.
Local Open Scope R_scope.

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
  - intros x u. unfold value.
    destruct (scalars_ok x (fun _ _ => 0) u (lyapunov c) [] [] vs vtab [] Ev (Forall2_nil _)) as [_ Re].
    rewrite (represents_hd _ _ _ _ _ Re). destruct (hd [] vtab); inversion Hv; subst; reflexivity.
  - intros x w u. unfold next.
    destruct (scalars_ok (x ++ fst w) (snd w) u (plant c) [] [] ps ptab [] Ep (Forall2_nil _)) as [_ Re].
    f_equal. clear -Re Hn. revert nx Hn. induction (outputs c) as [|o l IH]; intros [|j nx] Hn; simpl in *;
      try discriminate; auto. inversion Hn as [[Hj Hr]]. f_equal; auto.
    destruct (represents_nth _ _ _ _ _ o Re) as [E _]. rewrite E.
    destruct (nth o ptab []) as [|j' r]; inversion Hj; subst; reflexivity.
Qed.

Lemma all_start_ok rest : forall es, all_start rest es = true -> length es = length rest /\
  forall i q e, nth_error rest i = Some q -> nth_error es i = Some e ->
  exists p, start e = Some p /\ Q2R p = Q2R q.
Proof.
  induction rest as [|q rest IH]; intros [|e es] H; simpl in H; try discriminate.
  - split; auto. intros [|i] ? ? E; discriminate.
  - apply andb_prop in H; destruct H as [H1 H2]. destruct (IH es H2) as [L K].
    split; [simpl; lia|]. intros [|i] q' e' E E'; simpl in E, E'; [|eauto].
    inversion E; inversion E'; subst. unfold starts_at in H1. destruct (start e') as [p|]; [|discriminate].
    exists p. split; auto. apply Qeq_eqR. now apply Qeq_bool_iff.
Qed.
Lemma starts_at_zero e : starts_at 0 e = true -> exists q, start e = Some q /\ Q2R q = 0.
Proof.
  unfold starts_at. destruct (start e) as [p|]; [|discriminate]. intros H. exists p. split; auto.
  rewrite <- Q2R_zero. apply Qeq_eqR. now apply Qeq_bool_iff.
Qed.
Lemma entry_at_rest z u s r a a0 e : entry_ok z u s r a a0 e -> entry_ok z u s r a None e.
Proof. intros []. constructor; auto. discriminate. Qed.
Lemma nth_error_list_eq {A} (l : list A) : forall m, length l = length m ->
  (forall i a b, nth_error l i = Some a -> nth_error m i = Some b -> a = b) -> l = m.
Proof.
  induction l as [|a l IH]; intros [|b m] L H; try discriminate; auto. f_equal.
  - apply (H O a b); reflexivity.
  - apply IH; [now injection L|]. intros i. apply (H (S i)).
Qed.

Section Meaning.
Variable c : claim.
Let n := length (bounds c).
Let rs := combine (rest c) (cube c).
Hypothesis Lr : length (rest c) = n.
Hypothesis Lc : length (cube c) = n.
Hypothesis Lo : length (outputs c) = n.

Lemma rs_rest : map (fun qc => Q2R (fst qc)) rs = equilibrium c.
Proof.
  unfold rs, equilibrium. rewrite <- (map_map fst Q2R). f_equal.
  assert (L : length (rest c) = length (cube c)) by lia. clear -L. revert L. generalize (cube c).
  induction (rest c); intros [|b m] L; simpl in *; try discriminate; auto. f_equal. auto.
Qed.
Lemma rs_length : length rs = n.
Proof. clear Lo. unfold rs. rewrite combine_length. lia. Qed.

(** For a point of a ray: what exact arithmetic says of the equilibrium, and the program of the point. *)
Lemma ray_program_ok p g z r d w t : ray_program c = Some (p, g) ->
  0 < r -> length d = n -> length w = length (others c) -> z = r :: d ++ w ->
  (forall v, value c (equilibrium c) = Some v -> v = 0) /\
  (forall y, next c (equilibrium c) (w, t) = Some y -> y = equilibrium c) /\
  (forall u v y v', value c (point rs r d) = Some v -> next c (point rs r d) (w, t) = Some y ->
    value c y = Some v' -> satisfied (values z u p) g -> 0 < v /\ 0 < (1 - Q2R (decay c)) * v - v').
Proof.
  unfold ray_program. fold n. fold rs. intros H Pr Ld Lw Ez.
  destruct (scalar_claim_of c) as [k|] eqn:Ek; [|discriminate].
  destruct (scalar_claim_ok c k Ek) as [Kv [Kn [Kl [Val Nxt]]]].
  destruct (ray_states 0 rs [OVar 0; OConst 0]) as [s1 states] eqn:E1.
  destruct (ray_others (S n) (length (others c)) s1) as [s2 vary] eqn:E2.
  destruct (along states 0 (value_program k) s2) as [[s3 es]|] eqn:E3; [|discriminate].
  destruct (along (states ++ vary) 0 (plant_program k) s3) as [[s4 fs]|] eqn:E4; [|discriminate].
  set (nexts := map (entry_at fs) (next_at k)) in *.
  destruct (along nexts 0 (value_program k) s4) as [[s5 gs]|] eqn:E5; [|discriminate].
  destruct (starts_at 0 (entry_at es (value_at k)) && starts_at 0 (entry_at gs (value_at k)) &&
    all_start (rest c) nexts) eqn:B; [|discriminate].
  apply andb_prop in B; destruct B as [B B3]. apply andb_prop in B; destruct B as [B1 B2].
  destruct (starts_at_zero _ B1) as [q1 [Q1 Z1]]. destruct (starts_at_zero _ B2) as [q2 [Q2 Z2]].
  destruct (same_order _ _) as [[i j]|] eqn:So; [|discriminate].
  inversion H; subst p g; clear H.
  set (x := point rs r d) in *. set (x0 := equilibrium c).
  assert (Lx : length x = n).
  { unfold x. rewrite <- rs_length in Ld |- *. revert Ld. clear. generalize rs. intros l. revert d.
    induction l as [|[q a] l IH]; intros [|b d] Ld; simpl in *; try discriminate; auto. }
  assert (L0 : length x0 = n) by (unfold x0, equilibrium; rewrite map_length; exact Lr).
  (* the entries of states and other variables, for any choices *)
  assert (All : forall u,
    get (values z u s2) 0 = Some 0 /\ (0 < length s2)%nat /\
    (forall i e, nth_error states i = Some e -> entry_ok z u s2 r (nth_error x i) (nth_error x0 i) e) /\
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
    assert (K1 : forall i e, nth_error states i = Some e ->
      entry_ok z u s2 r (nth_error x i) (nth_error x0 i) e)
      by (intros m e Em; apply (entry_extends z u s1 s2); auto).
    split; auto. intros m e Em. destruct (Nat.lt_ge_cases m n) as [Lm|Lm].
    - rewrite nth_error_app1 in Em by lia. rewrite !nth_error_app1 by lia. auto.
    - rewrite nth_error_app2 in Em by lia. rewrite !nth_error_app2 by lia.
      rewrite Lx, L0. rewrite Ls in Em. specialize (H2 (m - n)%nat e (nth_error w (m - n)) Em).
      rewrite Ez in H2. replace (S n + (m - n))%nat with (S m) in H2 by lia. simpl in H2.
      rewrite nth_error_app2 in H2 by lia. rewrite Ld in H2. now rewrite Ez. }
  assert (Run : forall u,
    extends s2 s3 /\ extends s3 s4 /\
    entry_ok z u s3 r (value c x) (value c x0) (entry_at es (value_at k)) /\
    (forall j, In j (next_at k) -> entry_ok z u s4 r (get (values (x ++ w) u (plant_program k)) j)
      (get (values (x0 ++ w) u (plant_program k)) j) (entry_at fs j))).
  { intros u. destruct (All u) as [G0 [Lz [Hs Ha]]].
    destruct (along_ok z u r x x0 u u states 0 Pr _ _ _ _ E3 Lz G0 Hs) as [X3 [Le He]].
    pose proof (extends_length _ _ X3).
    destruct (along_ok z u r (x ++ w) (x0 ++ w) u u (states ++ vary) 0 Pr _ _ _ _ E4) as [X4 [Lf Hf]].
    { lia. } { now rewrite (get_extends z u s2 s3). }
    { intros m e Em. apply (entry_extends z u s2 s3); auto. }
    split; auto. split; auto. split.
    - rewrite (Val x u), (Val x0 u). apply He. lia.
    - intros m M. apply Hf. specialize (Kn m M). lia. }
  destruct (Run (fun _ => 0)) as [_ [_ [R1 R2]]].
  split; [|split].
  - intros v V. rewrite (start_value _ _ _ _ _ _ _ R1 q1 v Q1 V). exact Z1.
  - intros y Y. rewrite (Nxt x0 (w, t) (fun _ => 0)) in Y. cbn [fst] in Y.
    apply all_defined_some in Y. destruct (all_start_ok _ _ B3) as [Ln St].
    apply nth_error_list_eq.
    + rewrite <- (map_length Some y), <- Y, map_length, Kl. fold x0. lia.
    + intros m a b Ea Eb. unfold x0, equilibrium in Eb. rewrite nth_error_map in Eb.
      destruct (nth_error (rest c) m) as [q|] eqn:Eq; [|discriminate]. simpl in Eb. inversion Eb; subst b.
      destruct (nth_error (next_at k) m) as [o|] eqn:Eo.
      2:{ apply nth_error_None in Eo. apply (f_equal (fun l => nth_error l m)) in Y.
          rewrite !nth_error_map, Ea in Y. apply nth_error_None in Eo. rewrite Eo in Y. discriminate. }
      assert (Em : nth_error nexts m = Some (entry_at fs o)) by (unfold nexts; now rewrite nth_error_map, Eo).
      destruct (St m q _ Eq Em) as [q' [Sq Eqq]]. rewrite <- Eqq.
      apply (start_value _ _ _ _ _ _ _ (R2 o (nth_error_In _ _ Eo)) q' a Sq).
      apply (f_equal (fun l => nth_error l m)) in Y. rewrite !nth_error_map, Ea, Eo in Y. simpl in Y.
      now inversion Y.
  - intros u v y v' V Y V' Sat. destruct (Run u) as [X3 [X4 [He Hf]]]. destruct (All u) as [G0 [Lz _]].
    rewrite (Nxt x (w, t) u) in Y. cbn [fst] in Y. apply all_defined_some in Y.
    pose proof (extends_length _ _ X3). pose proof (extends_length _ _ X4).
    destruct (along_ok z u r y [] u u nexts 0 Pr _ _ _ _ E5) as [X5 [Lg Hg]].
    { lia. }
    { rewrite (get_extends z u s2 s4); auto. eapply extends_trans; eauto. }
    { intros m e Em. unfold nexts in Em. rewrite nth_error_map in Em.
      destruct (nth_error (next_at k) m) as [o|] eqn:Eo; [|discriminate]. simpl in Em. inversion Em; subst e.
      assert (nth_error y m = get (values (x ++ w) u (plant_program k)) o) as ->.
      { apply (f_equal (fun l => nth_error l m)) in Y. rewrite !nth_error_map, Eo in Y. simpl in Y.
        destruct (nth_error y m) as [a|]; simpl in Y; inversion Y; auto. }
      replace (nth_error (@nil R) m) with (@None R) by (destruct m; reflexivity).
      eapply entry_at_rest. apply Hf. eapply nth_error_In; eauto. }
    pose proof (extends_length _ _ X5) as L5.
    assert (Hw : entry_ok z u s5 r (Some v') None (entry_at gs (value_at k))).
    { rewrite <- V', (Val y u). eapply entry_at_rest. apply Hg. lia. }
    assert (Hn : entry_ok z u s5 r (Some v) (value c x0) (entry_at es (value_at k))).
    { rewrite <- V. apply (entry_extends z u s3 s5); auto. eapply extends_trans; eauto. }
    (* both values as multiples *)
    assert (K : exists k w1 w2, 0 < k /\ get (values z u s5) i = Some w1 /\ v = k * w1 /\
      (get (values z u s5) j = Some w2 -> v' = k * w2) /\ 0 < w1 /\ get (values z u s5) j = Some w2 /\
      0 < (1 - Q2R (decay c)) * w1 - w2).
    { destruct Sat as [[w1 [W1 P1]] [f [F Pf]]].
      rewrite get_put in F. cbn [operate map] in F.
      assert (Bi : (i < length s5)%nat).
      { unfold same_order in So. destruct (second (entry_at es (value_at k))) as [a|] eqn:Sa.
        - destruct (second (entry_at gs (value_at k))) as [b|] eqn:Sb.
          + inversion So; subst. exact (second_below _ _ _ _ _ _ _ Hn _ Sa).
          + destruct (first (entry_at es (value_at k))) as [a'|] eqn:Fa; [|discriminate].
            destruct (first (entry_at gs (value_at k))) as [b'|] eqn:Fb; [|discriminate].
            inversion So; subst. exact (first_below _ _ _ _ _ _ _ Hn _ Fa).
        - destruct (first (entry_at es (value_at k))) as [a'|] eqn:Fa; [|discriminate].
          destruct (first (entry_at gs (value_at k))) as [b'|] eqn:Fb; [|discriminate].
          inversion So; subst. exact (first_below _ _ _ _ _ _ _ Hn _ Fa). }
      rewrite (get_extends z u s5) in W1 by (first [apply extends_put|exact Bi]).
      rewrite W1 in F. simpl in F. destruct (get (values z u s5) j) as [w2|] eqn:W2; [|discriminate].
      simpl in F. inversion F; subst f; clear F. rewrite Q2R_minus, Q2R_one, Q2R_m1, Q2R_zero in Pf.
      unfold same_order in So.
      assert (First : forall a b, first (entry_at es (value_at k)) = Some a ->
        first (entry_at gs (value_at k)) = Some b -> i = a -> j = b -> v = r * w1 /\ v' = r * w2).
      { intros a b Fa Fb -> ->. split.
        - rewrite (first_value _ _ _ _ _ _ _ Hn q1 a v w1 Q1 Fa eq_refl W1), Z1. ring.
        - rewrite (first_value _ _ _ _ _ _ _ Hw q2 b v' w2 Q2 Fb eq_refl W2), Z2. ring. }
      assert (Two : (v = r * w1 /\ v' = r * w2) \/ (v = r * r * w1 /\ v' = r * r * w2)).
      { destruct (second (entry_at es (value_at k))) as [a|] eqn:Sa.
        - destruct (second (entry_at gs (value_at k))) as [b|] eqn:Sb.
          + inversion So; subst. right. split.
            * rewrite (second_value _ _ _ _ _ _ _ Hn q1 i v w1 Q1 Sa eq_refl W1), Z1. ring.
            * rewrite (second_value _ _ _ _ _ _ _ Hw q2 j v' w2 Q2 Sb eq_refl W2), Z2. ring.
          + left. destruct (first (entry_at es (value_at k))) as [a'|] eqn:Fa; [|discriminate].
            destruct (first (entry_at gs (value_at k))) as [b'|] eqn:Fb; [|discriminate].
            inversion So; subst. now apply (First i j).
        - left. destruct (first (entry_at es (value_at k))) as [a'|] eqn:Fa; [|discriminate].
          destruct (first (entry_at gs (value_at k))) as [b'|] eqn:Fb; [|discriminate].
          inversion So; subst. now apply (First i j). }
      destruct Two as [[T1 T2]|[T1 T2]].
      - exists r, w1, w2. repeat split; auto. lra.
      - exists (r * r), w1, w2. repeat split; auto; [nra|lra]. }
    destruct K as [m [w1 [w2 [Pm [_ [Ev [Ev' [P1 [G2 P2]]]]]]]]]. rewrite Ev, (Ev' G2). split; nra.
Qed.

Variable l : list obligation.
Hypothesis made : ray_obligations c = Some l.
Hypothesis proved : forall o, In o l -> holds o.

(** Exact arithmetic: V is 0 at the equilibrium, which is one. *)
Theorem zero_at_equilibrium v : value c (equilibrium c) = Some v -> v = 0.
Proof.
  unfold ray_obligations in made. destruct (ray_program c) as [[p g]|] eqn:E; [|discriminate].
  apply (ray_program_ok p g (1 :: repeat 0 n ++ repeat 0 (length (others c))) 1 (repeat 0 n)
    (repeat 0 (length (others c))) (fun _ _ => 0) E); auto; try lra; apply repeat_length.
Qed.
Theorem equilibrium_is_one w y : length (fst w) = length (others c) ->
  next c (equilibrium c) w = Some y -> y = equilibrium c.
Proof.
  unfold ray_obligations in made. destruct (ray_program c) as [[p g]|] eqn:E; [|discriminate].
  intros Lw. destruct w as [w t]. apply (ray_program_ok p g (1 :: repeat 0 n ++ w) 1 (repeat 0 n) w t E); auto; try lra.
  apply repeat_length.
Qed.

Lemma in_face m i q d : length d = m -> (i < m)%nat -> (forall k a, nth_error d k = Some a -> -1 <= a <= 1) ->
  nth_error d i = Some (Q2R q) -> in_box (face m i q) d.
Proof.
  intros Ld Li Hd Hi. unfold face, in_box. subst m.
  assert (G : forall j d', (forall k, nth_error d' k = nth_error d (j + k)) ->
    Forall2 within (map (fun k => if Nat.eqb k i then (q, q) else (-1, 1)%Q) (seq j (length d'))) d').
  { intros j d'. revert j. induction d' as [|a d' IH]; intros j E; simpl; constructor.
    - specialize (E O). simpl in E. rewrite Nat.add_0_r in E. destruct (Nat.eqb_spec j i) as [->|N]; unfold within; simpl.
      + rewrite Hi in E. inversion E; subst. lra.
      + specialize (Hd j a (eq_sym E)). rewrite Q2R_one, Q2R_m1. exact Hd.
    - apply IH. intros k. specialize (E (S k)). simpl in E. rewrite E. f_equal. lia. }
  apply (G O). reflexivity.
Qed.

(** In the cube, off the equilibrium: V is positive and falls. *)
Theorem rays_fall x y w : in_cube c x -> x <> equilibrium c -> allowed c w -> next c x w = Some y ->
  (exists v, value c x = Some v) -> (exists v', value c y = Some v') -> falls (value c) (Q2R (decay c)) x y.
Proof.
  intros Cu N [Wb Wt] Y [v V] [v' V']. unfold ray_obligations in made.
  destruct (ray_program c) as [[p g]|] eqn:E; [|discriminate].
  destruct (forallb proper_obligation _ && forallb _ (cube c)) eqn:B; [|discriminate].
  inversion made as [Em]. clear made. apply andb_prop in B; destruct B as [B1 B2].
  rewrite <- rs_rest in N.
  destruct (on_ray rs x Cu) as [r [d [Pr [Ld [Ex [Hd [i [a [Ei Ea]]]]]]]]]; auto.
  { intros qc I. unfold rs in I. destruct qc as [q h]. apply in_combine_r in I. rewrite forallb_forall in B2.
    specialize (B2 h I). pose proof (Qle_bool_ok h 0) as L. destruct (Qle_bool h 0); [discriminate|].
    rewrite Q2R_zero in L. exact L. }
  rewrite rs_length in Ld. assert (Li : (i < n)%nat) by (rewrite <- Ld; apply nth_error_Some; now rewrite Ei).
  assert (exists q, In (face n i q) (faces n) /\ Q2R q = a) as [q [Fq Eq]].
  { destruct Ea as [->| ->]; [exists 1%Q|exists (-1)%Q]; (split; [|rewrite ?Q2R_one, ?Q2R_m1; auto]);
      apply in_flat_map; exists i; (split; [apply in_seq; lia|simpl; auto]). }
  rewrite <- Eq in Ei.
  set (o := ScalarObligation ((0, 1)%Q :: face n i q ++ others c) p g).
  assert (Io : In o (map (fun b => ScalarObligation ((0, 1)%Q :: b ++ others c) p g) (faces n)))
    by (apply in_map_iff; exists (face n i q); split; [reflexivity|exact Fq]).
  assert (Po : proper_obligation o = true) by (rewrite forallb_forall in B1; now apply B1).
  assert (Ho : holds (obligation_of o)) by (apply proved; rewrite <- Em; now apply in_map).
  assert (Bz : in_box (region o) (r :: d ++ fst w)).
  { constructor; [unfold within; simpl; rewrite Q2R_zero, Q2R_one; lra|].
    apply Forall2_app; auto. now apply in_face. }
  pose proof (obligation_of_ok o Po Ho _ Bz (fun _ => 0) ltac:(intros; lra)) as Sat.
  assert (Lw : length (fst w) = length (others c)) by (symmetry; apply (Forall2_length _ _ _ Wb)).
  destruct w as [w t]. cbn [fst] in *. rewrite Ex in V, Y.
  destruct (ray_program_ok p g (r :: d ++ w) r d w t E ltac:(lra) Ld Lw eq_refl) as [_ [_ K]].
  destruct (K (fun _ => 0) v y v' V Y V' Sat) as [P1 P2].
  exists v, v'. rewrite <- Ex in V. auto.
Qed.
End Meaning.
