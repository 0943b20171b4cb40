(** That [Differences.v] writes programs with the same values: [with_differences_ok].

    In words: [proofs/theory/L-DIFF.md]. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Arith.
From Certify Require Import Language Tree Scalars Inline Rays ExactValues Quotients Along Moves LinearForms
  Merging Differences Parts Gaps.
Import ListNotations.
Local Open Scope R_scope.

Local Arguments Qred : simpl never.
Local Arguments Qmult : simpl never.
Local Arguments Qplus : simpl never.
Local Arguments Qopp : simpl never.
Local Arguments Q2R : simpl never.
Local Arguments get : simpl never.

Section Right.
Variables (z : list R) (u : nat -> R) (var_at : list nat) (zero : nat).
Notation at_ w := (values z u (done w)).
Notation sound := (Gaps.sound z u var_at zero).
Notation leads := (Gaps.leads z u var_at zero).
Notation old_value := (Gaps.old_value z u).
Notation all_known_more := (Gaps.all_known_more z u).
Notation terms_value_more := (Gaps.terms_value_more z u).
Notation form_of_below := (Gaps.form_of_below z u var_at zero).
Notation form_value_of := (Gaps.form_value_of z u var_at zero).
Notation sum_at_right := (Gaps.sum_at_right z u var_at zero).
Notation paired_right := (Gaps.paired_right z u var_at zero).
Notation gap_right := (Gaps.gap_right z u var_at zero).

Definition keeps (w : work) (k r : nat) : Prop := (r < length (done w))%nat /\
  forall v, get (at_ w) k = Some v -> get (at_ w) r = Some v.
Lemma keeps_more w w' k r : extends (done w) (done w') -> (k < length (done w))%nat -> keeps w k r -> keeps w' k r.
Proof.
  intros X K [R H]. pose proof (extends_length _ _ X). split; [lia|]. intros v. rewrite !(old_value w w') by auto. apply H.
Qed.

Lemma regrouped_right w j w' f : regrouped var_at zero w j = (w', f) -> sound w -> (j < length (done w))%nat ->
  leads w w' /\ forall v, get (at_ w) j = Some v -> all_known (at_ w') (terms f) /\ v = form_value (at_ w') f.
Proof.
  intros E S J. unfold regrouped in E.
  destruct (paired _ _ _ _ _ _ _) as [w1 [[rest gaps] smaller]] eqn:P. inversion E; subst; clear E.
  destruct (paired_right _ false Nat.ltb _ (gap_right _) _ _ _ _ P S) as [Y K].
  { intros t T. now apply (form_of_below w j). }
  split; auto. intros v V. destruct (form_value_of w j v S V) as [-> H].
  destruct K as [[Hr Hg] Val]; [split; cbn [fst snd]; auto; intros t []|]. unfold sum_value in Val. cbn [fst snd terms] in *.
  split.
  - intros t T. rewrite map_app in T. apply in_app_or in T. destruct T as [T|T]; auto. apply Hg.
    rewrite map_rev in T. now apply in_rev.
  - unfold form_value. cbn [terms constant]. f_equal. cbn [terms_value] in Val. rewrite Rplus_0_r in Val. rewrite <- Val.
    rewrite terms_value_app, terms_value_rev. reflexivity.
Qed.
Lemma materialised_right w j w' r : materialised var_at zero w j = (w', r) -> sound w -> (j < length (done w))%nat ->
  leads w w' /\ keeps w' j r.
Proof.
  intros E S J. unfold materialised in E. destruct (regrouped var_at zero w j) as [w1 f] eqn:G.
  destruct (regrouped_right w j w1 f G S J) as [[X S1] V]. pose proof (extends_length _ _ X).
  assert (Same : (w1, j) = (w', r) -> leads w w' /\ keeps w' j r).
  { intros Eq. inversion Eq; subst. split; [now split|]. split; auto. lia. }
  destruct (all2 _ _ _); auto. destruct (sum_at _ _ _ _ _) as [[w2 g]|] eqn:Q; auto. inversion E; subst; clear E.
  destruct (sum_at_right w1 _ _ w' r Q S1) as [[Y S2] [L Vg]]. split; [eapply leads_trans; split; eauto|]. split; auto.
  intros v Vj. rewrite (old_value w w') in Vj by (auto; eapply extends_trans; eauto).
  destruct (V v Vj) as [Hv ->]. now apply Vg.
Qed.
Lemma materialised_all_right l : forall w w' rs, materialised_all var_at zero w l = (w', rs) -> sound w ->
  (forall j, In j l -> (j < length (done w))%nat) -> leads w w' /\ Forall2 (keeps w') l rs.
Proof.
  induction l as [|j l IH]; intros w w' rs E S L; cbn [materialised_all] in E.
  - inversion E; subst. split; [now apply leads_refl|constructor].
  - destruct (materialised var_at zero w j) as [w1 r] eqn:M. destruct (materialised_all var_at zero w1 l) as [w2 rs'] eqn:N.
    inversion E; subst; clear E. destruct (materialised_right w j w1 r M S (L j (or_introl eq_refl))) as [[X S1] K].
    pose proof (extends_length _ _ X). destruct (IH w1 w' rs' N S1) as [[Y S2] F].
    { intros i I. specialize (L i (or_intror I)). lia. }
    split; [eapply leads_trans; split; eauto|]. constructor; auto. apply (keeps_more w1); auto.
    specialize (L j (or_introl eq_refl)). lia.
Qed.

(** An operation of values that are kept. *)
Lemma operate_kept m src f o c v : settled o = true -> (forall i, o <> OVar i) -> operate z c src o = Some v ->
  (forall j, In j (arguments o) -> forall a, get src j = Some a -> get m (f j) = Some a) -> operate z c m (renamed f o) = Some v.
Proof.
  intros St Nv V H.
  assert (One : forall a g, In a (arguments o) -> lift1 g (get src a) = Some v -> lift1 g (get m (f a)) = Some v).
  { intros a g I E. destruct (lift1_some _ _ _ E) as [x [X Y]]. rewrite (H a I x X). exact Y. }
  assert (Two : forall a b g, In a (arguments o) -> In b (arguments o) -> lift2 g (get src a) (get src b) = Some v ->
    lift2 g (get m (f a)) (get m (f b)) = Some v).
  { intros a b g I J E. destruct (lift2_some _ _ _ _ E) as [x [y [X [Y G]]]]. rewrite (H a I x X), (H b J y Y). exact G. }
  destruct o; try discriminate; cbn [renamed operate arguments] in *; auto; try (apply One; simpl; auto; fail);
    try (apply Two; simpl; auto; fail).
  - unfold select in *. destruct (lift1_some _ _ _ V) as [x [X Y]]. rewrite (H a (or_introl eq_refl) x X). simpl in Y |- *.
    destruct (Rlt_dec 0 x); apply H; simpl; auto.
  - clear One Two St Nv. revert args v V H. induction row as [|q row IH]; intros [|a args] v V H; simpl in V |- *; auto.
    destruct (lift2_some _ _ _ _ V) as [x [y [X [Y E]]]]. rewrite (H a (or_introl eq_refl) x X), (IH args y Y); auto.
    intros j J. apply H. now right.
Qed.
Lemma rewritten_operation_right rs w o w' r p : rewritten_operation var_at zero rs (length p) w o = (w', r) -> sound w ->
  extends (o :: p) (done w) -> ordered (o :: p) = true -> length rs = length p ->
  (forall k, (k < length p)%nat -> keeps w k (place_in rs k)) -> leads w w' /\ keeps w' (length p) r.
Proof.
  intros E S X O L K. simpl in O. apply andb_prop in O; destruct O as [B O]. pose proof (extends_length _ _ X) as Lx. simpl in Lx.
  assert (Self : forall w1, leads w w1 -> leads w w1 /\ keeps w1 (length p) (length p)).
  { intros w1 [Y S1]. split; [now split|]. pose proof (extends_length _ _ Y). split; auto. lia. }
  unfold rewritten_operation in E. destruct (settled o && _) eqn:C; [|inversion E; subst; apply Self, leads_refl; auto].
  apply andb_prop in C; destruct C as [St C].
  set (ps0 := map (place_in rs) (arguments o)) in *.
  destruct (if is_part w (length p) || is_layer o then _ else _) as [w1 ps] eqn:M.
  assert (Q : leads w w1 /\ Forall2 (keeps w1) ps0 ps).
  { assert (Pb : forall j, In j ps0 -> (j < length (done w))%nat).
    { intros j J. apply in_map_iff in J. destruct J as [a [<- Ia]]. apply K. now apply (below_ok _ (arguments o)). }
    destruct (is_part w (length p) || is_layer o).
    - now apply (materialised_all_right ps0 w).
    - inversion M; subst. split; [now apply leads_refl|]. clear -Pb. clearbody ps0. induction ps0 as [|j l IH]; constructor.
      + split; auto. apply Pb. now left.
      + apply IH. intros i I. apply Pb. now right. }
  destruct Q as [[Y S1] F]. pose proof (extends_length _ _ Y).
  destruct (all2 _ _ _); [inversion E; subst; apply Self; now split|].
  destruct (below _ _) eqn:Bo; [|inversion E; subst; apply Self; now split]. inversion E; subst; clear E.
  set (f := fun a => nth (place_of (arguments o) a) ps 0%nat) in *.
  split; [eapply leads_trans; [split; eauto|now apply put_leads]|]. split; [simpl; lia|]. intros v V.
  cbn [done grown] in V |- *. rewrite get_put.
  assert (Xp : extends (o :: p) (done w1)) by (eapply extends_trans; eauto).
  rewrite (get_extends z u (o :: p) _ (length p) (extends_trans _ _ _ Xp (extends_put _ _)) (Nat.lt_succ_diag_r _)) in V.
  rewrite get_put in V. rewrite (operate_settled z (u (length p)) (u (length (done w1)))) in V by exact St.
  apply (operate_kept (at_ w1) (values z u p)); auto.
  - intros i ->. discriminate.
  - intros a Ia x Hx. pose proof (below_ok _ _ _ B Ia) as La.
    assert (Hw : get (at_ w) (place_in rs a) = Some x).
    { apply (K a La). rewrite (get_extends z u p (done w)); auto. eapply extends_trans; [apply extends_put|exact X]. }
    assert (Pl : nth (place_of (arguments o) a) ps0 0%nat = place_in rs a).
    { unfold ps0. clear -Ia. induction (arguments o) as [|b l IH]; [destruct Ia|]. simpl.
      destruct (Nat.eqb_spec a b) as [->|N]; auto. simpl. apply IH. destruct Ia as [->|]; auto. now elim N. }
    assert (Kf : keeps w1 (place_in rs a) (f a)).
    { unfold f. rewrite <- Pl. clear -F Ia. assert (P : (place_of (arguments o) a < length ps0)%nat).
      { unfold ps0. rewrite map_length. now apply place_of_below. }
      clearbody ps0. revert P. generalize (place_of (arguments o) a). induction F as [|j r l l' H F IH]; intros [|n] P; simpl in *; try lia; auto.
      apply IH. lia. }
    apply Kf. rewrite (old_value w w1); auto. now apply K.
Qed.
Lemma rewritten_right p : forall w w' rs, rewritten var_at zero p w = (w', rs) -> sound w -> extends p (done w) -> ordered p = true ->
  leads w w' /\ length rs = length p /\ forall k, (k < length p)%nat -> keeps w' k (place_in rs k).
Proof.
  induction p as [|o p IH]; intros w w' rs E Sw X O; cbn [rewritten] in E.
  - inversion E; subst. split; [now apply leads_refl|]. split; auto. simpl. intros; lia.
  - destruct (rewritten var_at zero p w) as [w1 rs1] eqn:E1. destruct (rewritten_operation _ _ _ _ _ _) as [w2 r] eqn:E2.
    inversion E; subst; clear E. pose proof O as Oo. simpl in Oo. apply andb_prop in Oo; destruct Oo as [_ Op].
    destruct (IH w w1 rs1 E1 Sw (extends_trans _ _ _ (extends_put o p) X) Op) as [[Y S1] [L K]].
    assert (X1 : extends (o :: p) (done w1)) by (eapply extends_trans; eauto).
    destruct (rewritten_operation_right rs1 w1 o w' r p E2 S1 X1 O L K) as [[Z S2] R].
    pose proof (extends_length _ _ X1) as L1. simpl in L1.
    split; [eapply leads_trans; split; eauto|]. split; [simpl; lia|]. intros k Hk. simpl in Hk. unfold place_in. simpl length.
    destruct (Nat.eq_dec k (length p)) as [->|N].
    + rewrite L, Nat.sub_diag. exact R.
    + replace (S (length rs1) - S k)%nat with (S (length rs1 - S k)) by lia. cbn [nth].
      apply (keeps_more w1); auto; [lia|]. apply K. lia.
Qed.
Lemma regrouped_all_right l : forall w w' fs, regrouped_all var_at zero w l = (w', fs) -> sound w ->
  (forall j, In j l -> (j < length (done w))%nat) -> leads w w' /\
  Forall2 (fun j f => forall v, get (at_ w) j = Some v -> all_known (at_ w') (terms f) /\ v = form_value (at_ w') f) l fs.
Proof.
  induction l as [|j l IH]; intros w w' fs E S L; cbn [regrouped_all] in E.
  - inversion E; subst. split; [now apply leads_refl|constructor].
  - destruct (regrouped var_at zero w j) as [w1 f] eqn:G. destruct (regrouped_all var_at zero w1 l) as [w2 fs'] eqn:N.
    inversion E; subst; clear E. destruct (regrouped_right w j w1 f G S (L j (or_introl eq_refl))) as [[X S1] V].
    pose proof (extends_length _ _ X). destruct (IH w1 w' fs' N S1) as [[Y S2] F].
    { intros i I. specialize (L i (or_intror I)). lia. }
    split; [eapply leads_trans; split; eauto|]. constructor.
    + intros v Vj. destruct (V v Vj) as [H' ->]. split; [now apply (all_known_more w1)|]. unfold form_value. f_equal.
      symmetry. now apply terms_value_more.
    + clear -F X L. assert (L' : forall i, In i l -> (i < length (done w))%nat) by (intros; apply L; now right). clear L.
      induction F as [|i f0 l l' H F IH]; constructor.
      * intros v V. apply H. rewrite (old_value w w1); auto. apply L'. now left.
      * apply IH. intros k K. apply L'. now right.
Qed.
End Right.

Theorem with_differences_ok z u var_at zero p s wanted s' fs : with_differences var_at zero p s wanted = (s', fs) ->
  extends p s -> (zero < length s)%nat -> get (values z u s) zero = Some 0 -> (forall j, In j var_at -> (j < length s)%nat) ->
  (forall i j v, nth_error var_at i = Some j -> nth_error z i = Some v -> get (values z u s) j = Some v) ->
  (forall j, In j wanted -> (j < length p)%nat) ->
  extends s s' /\ Forall2 (fun j f => forall v, get (values z u p) j = Some v ->
    all_known (values z u s') (terms f) /\ v = form_value (values z u s') f) wanted fs.
Proof.
  unfold with_differences. intros E X Zb Zv Vb Vk W. destruct (ordered s) eqn:O.
  - destruct (rewritten var_at zero p (Work s (forms var_at s) [])) as [w rs] eqn:R.
    destruct (regrouped_all var_at zero w _) as [w1 fs1] eqn:G. inversion E; subst; clear E.
    assert (S : Gaps.sound z u var_at zero (Work s (forms var_at s) [])) by (constructor; auto; intros i j r []).
    assert (Op : ordered p = true).
    { destruct X as [q ->]. clear -O. induction q; auto. simpl in O. apply andb_prop in O. apply IHq, O. }
    destruct (rewritten_right z u var_at zero p _ w rs R S X Op) as [[Y S1] [L K]]. cbn [done] in Y.
    destruct (regrouped_all_right z u var_at zero _ w w1 fs G S1) as [[Z S2] F].
    { intros j J. apply in_map_iff in J. destruct J as [k [<- I]]. apply (K k), W, I. }
    split; [eapply extends_trans; eauto|]. clear -F K W X Y. revert fs F.
    induction wanted as [|j l IH]; intros fs F; inversion F as [|a f b l' H F']; subst; constructor.
    + intros v V. apply H. apply (K j); [apply W; now left|]. rewrite (get_extends z u p (done w)); auto.
      * eapply extends_trans; eauto.
      * apply W. now left.
    + apply IH; auto. intros k I. apply W. now right.
  - inversion E; subst. split; [apply extends_refl|]. clear E. induction wanted as [|j l IH]; constructor.
    + intros v V. assert (Vs : get (values z u s') j = Some v) by (rewrite (get_extends z u p s'); auto; apply W; now left).
      split; [apply (forms_known z u var_at s'); auto using extends_refl; now exists v|].
      apply (forms_ok z u s' var_at Vk s' (extends_refl s')); auto.
    + apply IH. intros k I. apply W. now right.
Qed.
