(** That the differences which [Differences.v] writes have the values that they say: [gap_right].

    In words: [proofs/theory/L-DIFF.md]. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Arith.
From Certify Require Import Language Tree Scalars Inline Rays ExactValues Quotients Along Moves LinearForms
  Merging Differences Parts.
Import ListNotations.
Local Open Scope R_scope.

Local Arguments Qred : simpl never.
Local Arguments Qmult : simpl never.
Local Arguments Qplus : simpl never.
Local Arguments Qopp : simpl never.
Local Arguments Q2R : simpl never.
Local Arguments get : simpl never.

(** ** What is written has the right values *)

Section Right.
Variables (z : list R) (u : nat -> R) (var_at : list nat) (zero : nat).
Notation at_ w := (values z u (done w)).

Definition is_gap (w : work) (i j g : nat) : Prop :=
  (i < length (done w))%nat /\ (j < length (done w))%nat /\ (g < length (done w))%nat /\
  forall v k, get (at_ w) i = Some v -> get (at_ w) j = Some k -> get (at_ w) g = Some (v - k).
Record sound (w : work) : Prop := Sound
  { in_order : ordered (done w) = true;
    normals : normal w = forms var_at (done w);
    zero_below : (zero < length (done w))%nat;
    zero_value : get (at_ w) zero = Some 0;
    vars_below : forall j, In j var_at -> (j < length (done w))%nat;
    vars_known : forall i j v, nth_error var_at i = Some j -> nth_error z i = Some v -> get (at_ w) j = Some v;
    met_right : forall i j r, In (i, j, r) (met w) -> is_gap w i j (fst r) }.
Definition leads (w w' : work) : Prop := extends (done w) (done w') /\ sound w'.

Lemma old_value w w' j : extends (done w) (done w') -> (j < length (done w))%nat -> get (at_ w') j = get (at_ w) j.
Proof. intros X L. now apply get_extends. Qed.
Lemma known_below (w : work) j : known_at (at_ w) j -> (j < length (done w))%nat.
Proof. intros [v V]. exact (get_some _ _ _ _ _ V). Qed.
Lemma known_at_more w w' j : extends (done w) (done w') -> known_at (at_ w) j -> known_at (at_ w') j.
Proof. intros X H. pose proof (known_below w j H). destruct H as [v V]. exists v. now rewrite (old_value w w'). Qed.
Lemma all_known_more w w' l : extends (done w) (done w') -> all_known (at_ w) l -> all_known (at_ w') l.
Proof. intros X H t T. now apply (known_at_more w), H. Qed.
Lemma is_gap_more w w' i j g : extends (done w) (done w') -> is_gap w i j g -> is_gap w' i j g.
Proof.
  intros X [I [J [G V]]]. pose proof (extends_length _ _ X). repeat split; try lia.
  rewrite !(old_value w w') by auto. exact V.
Qed.
Lemma total_more w w' j : extends (done w) (done w') -> known_at (at_ w) j -> total (at_ w') j = total (at_ w) j.
Proof. intros X H. unfold total. now rewrite (old_value w w') by (auto; now apply known_below). Qed.
Lemma terms_value_more w w' l : extends (done w) (done w') -> all_known (at_ w) l -> terms_value (at_ w') l = terms_value (at_ w) l.
Proof.
  intros X. induction l as [|[j c] l IH]; intros H; simpl; auto.
  rewrite (total_more w w') by (auto; apply H; now left). rewrite IH; auto. intros t T. apply H. now right.
Qed.

Lemma leads_refl w : sound w -> leads w w.
Proof. split; auto using extends_refl. Qed.
Lemma leads_trans a b c : leads a b -> leads b c -> leads a c.
Proof. intros [X _] [Y S]. split; auto. eapply extends_trans; eauto. Qed.
Lemma grown_leads w s : sound w -> extends (done w) s -> ordered s = true -> leads w (grown var_at w s).
Proof.
  intros [O N Zb Zv Vb Vk M] X Os. pose proof (extends_length _ _ X). split; [exact X|]. constructor; cbn [done normal met grown].
  - exact Os.
  - rewrite N. destruct X as [q ->]. apply normal_of_ok.
  - lia.
  - now rewrite (get_extends z u (done w) s).
  - intros j J. specialize (Vb j J). lia.
  - intros i j v E Z. rewrite (get_extends z u (done w) s); auto; [eauto|]. apply Vb. eapply nth_error_In; eauto.
  - intros i j r I. apply (is_gap_more w); auto.
Qed.
Lemma put_leads w o : sound w -> below (length (done w)) (arguments o) = true -> leads w (grown var_at w (o :: done w)).
Proof. intros S B. apply grown_leads; auto; [apply extends_put|]. simpl. now rewrite B, (in_order w S). Qed.
Lemma form_value_of w j v : sound w -> get (at_ w) j = Some v -> v = form_value (at_ w) (form_of w j) /\ all_known (at_ w) (terms (form_of w j)).
Proof.
  intros S V. unfold form_of. rewrite (normals w S). split.
  - apply (forms_ok z u (done w) var_at (vars_known w S)); auto using extends_refl.
  - apply (forms_known z u var_at (done w)); auto using extends_refl; [apply (vars_known w S)|now exists v].
Qed.
Lemma form_of_below w j t : sound w -> (j < length (done w))%nat -> In t (map fst (terms (form_of w j))) -> (t < length (done w))%nat.
Proof.
  intros S J. unfold form_of. rewrite (normals w S). apply (forms_below z u var_at (done w) (in_order w S) _ (Nat.le_refl _)); auto. apply (vars_below w S).
Qed.

(** *** Sums *)

Lemma dot_terms m l q : all_known m l -> dot (map snd l) (map (get m) (map fst l)) (Q2R q) = Some (terms_value m l + Q2R q).
Proof.
  induction l as [|[t c] l IH]; intros H; simpl; [f_equal; ring|].
  destruct (H t (or_introl eq_refl)) as [v V]. rewrite V, IH by (intros k K; apply H; now right). simpl.
  unfold total. rewrite V. f_equal. ring.
Qed.
Lemma sum_at_right w l q w' g : sum_at var_at zero w l q = Some (w', g) -> sound w -> leads w w' /\ (g < length (done w'))%nat /\
  (all_known (at_ w) l -> get (at_ w') g = Some (terms_value (at_ w) l + Q2R q)).
Proof.
  intros E S. unfold sum_at in E.
  assert (Put : forall w' g, below (length (done w)) (map fst l) = true ->
    Some (grown var_at w (ORow (map snd l) (map fst l) q :: done w), length (done w)) = Some (w', g) ->
    leads w w' /\ (g < length (done w'))%nat /\ (all_known (at_ w) l -> get (at_ w') g = Some (terms_value (at_ w) l + Q2R q))).
  { intros w1 g1 B H. inversion H; subst; clear H. split; [now apply put_leads|]. split; [simpl; lia|]. intros H.
    cbn [done grown]. rewrite get_put. simpl. now apply dot_terms. }
  destruct l as [|[t c] [|tc l]].
  - destruct (is_zero q) eqn:Z; inversion E; subst; clear E.
    + split; [now apply leads_refl|]. split; [apply (zero_below w' S)|]. intros _. simpl. rewrite (zero_value w' S), (is_zero_ok q Z). f_equal. ring.
    + split; [now apply put_leads|]. split; [simpl; lia|]. intros _. cbn [done grown]. rewrite get_put. simpl. f_equal. ring.
  - destruct (is_zero q && Qeq_bool c 1 && Nat.ltb t (length (done w))) eqn:Z.
    + rewrite !andb_true_iff in Z. destruct Z as [[Z C] L]. apply Nat.ltb_lt in L. inversion E; subst; clear E.
      split; [now apply leads_refl|]. split; auto. intros H. destruct (H g (or_introl eq_refl)) as [v V]. simpl. unfold total. rewrite V.
      apply Qeq_bool_iff, Qeq_eqR in C. rewrite C, Q2R_one, (is_zero_ok q Z). f_equal. ring.
    + destruct (Nat.ltb t (length (done w))) eqn:L; [|discriminate]. apply (Put w' g); auto. simpl. now rewrite L.
  - destruct (below (length (done w)) _) eqn:B in E; [|discriminate]. apply (Put w' g); auto.
Qed.
Lemma plainly_right w i j : sound w -> (i < length (done w))%nat -> (j < length (done w))%nat ->
  forall w' r, plainly var_at w i j = (w', r) -> leads w w' /\ is_gap w' i j (fst r).
Proof.
  intros S I J w' r E. inversion E; subst; clear E. split.
  - apply put_leads; auto. unfold below. simpl. now rewrite (proj2 (Nat.ltb_lt _ _) I), (proj2 (Nat.ltb_lt _ _) J).
  - cbn [fst]. repeat split; cbn [done grown]; simpl length; try lia. intros v k V K.
    rewrite get_put. rewrite (get_extends z u (done w)) in V, K by (auto; apply extends_put).
    simpl. rewrite V, K. simpl. f_equal. rewrite Q2R_one, Q2R_m1, Q2R_zero. ring.
Qed.

Definition right (go : work -> nat -> nat -> work * (nat * bool)) : Prop := forall w i j w' r, go w i j = (w', r) ->
  sound w -> (i < length (done w))%nat -> (j < length (done w))%nat -> leads w w' /\ is_gap w' i j (fst r).

(** The value of a sum, in the parts that are left of it and differences. *)
Definition sum_value (m : list scalar) (r : sums) : R := terms_value m (fst (fst r)) + terms_value m (snd (fst r)).
Definition parts_known (m : list scalar) (r : sums) : Prop := all_known m (fst (fst r)) /\ all_known m (snd (fst r)).
Definition sums_below (n : nat) (r : sums) : Prop := forall t, In t (map fst (fst (fst r))) -> (t < n)%nat.

Lemma insert_known m j c l : all_known m l -> known_at m j -> all_known m (insert j c l).
Proof. intros H J t T. apply insert_parts in T. destruct T as [->|T]; auto. Qed.

Lemma tried_right go always t c l : right go -> forall w r w' r', tried zero go always w t c l r = (w', r') ->
  sound w -> (t < length (done w))%nat -> (forall j, In j l -> (j < length (done w))%nat) -> sums_below (length (done w)) r ->
  leads w w' /\ sums_below (length (done w')) r' /\
  (parts_known (at_ w) r -> known_at (at_ w) t -> (forall j, In j l -> known_at (at_ w) j) ->
   parts_known (at_ w') r' /\ sum_value (at_ w') r' = sum_value (at_ w) r).
Proof.
  intros Go. induction l as [|j l IH]; intros w r w' r' E S T L Sb; cbn [tried] in E.
  - inversion E; subst. split; [now apply leads_refl|]. auto.
  - destruct (go w t j) as [w1 [g smaller]] eqn:G.
    destruct (Go w t j w1 (g, smaller) G S T (L j (or_introl eq_refl))) as [[X S1] Gap]. cbn [fst] in Gap.
    pose proof (extends_length _ _ X) as Lx.
    destruct (always || smaller).
    + destruct r as [[rest gaps] before]. inversion E; subst; clear E. split; [now split|]. split.
      { intros k K. apply insert_parts in K. destruct K as [->|K]; [lia|]. apply insert_parts in K.
        destruct K as [->|K]; [specialize (L j (or_introl eq_refl)); lia|]. specialize (Sb k K). lia. }
      intros [Hr Hg] Ht Hl. cbn [fst snd] in *. specialize (Hl j (or_introl eq_refl)).
      pose proof (known_at_more w w' t X Ht) as Ht'. pose proof (known_at_more w w' j X Hl) as Hj'.
      pose proof (all_known_more w w' _ X Hr) as Hr'. pose proof (all_known_more w w' _ X Hg) as Hg'.
      destruct Gap as [_ [_ [_ Gap]]]. destruct Ht' as [v V]. destruct Hj' as [k K]. specialize (Gap v k V K).
      assert (Tt : total (at_ w') t = v) by (unfold total; now rewrite V).
      assert (Tj : total (at_ w') j = k) by (unfold total; now rewrite K).
      assert (Tg : total (at_ w') g = v - k) by (unfold total; now rewrite Gap).
      unfold parts_known, sum_value. cbn [fst snd]. rewrite !insert_value, Tt, Tj, Q2R_opp.
      rewrite (terms_value_more w w' rest), <- (terms_value_more w w' gaps X Hg) by auto.
      destruct (Nat.eqb_spec g zero) as [->|N].
      * rewrite (zero_value w' S1) in Gap. injection Gap as Gap. split; [|replace v with k by lra; ring].
        split; auto. apply insert_known; [|now exists v]. apply insert_known; auto. now exists k.
      * cbn [terms_value]. rewrite Tg. split; [|ring]. split.
        -- apply insert_known; [|now exists v]. apply insert_known; auto. now exists k.
        -- intros i [<-|I]; [now exists (v - k)|now apply Hg'].
    + destruct (IH w1 r w' r' E S1) as [Y [B K]]; try lia.
      { intros i I. specialize (L i (or_intror I)). lia. }
      { intros i I. specialize (Sb i I). lia. }
      split; [eapply leads_trans; [split; eauto|exact Y]|]. split; auto. intros [Hr Hg] Ht Hl.
      destruct K as [K1 K2].
      * split; eapply all_known_more; eauto.
      * now apply (known_at_more w).
      * intros i I. apply (known_at_more w); auto. apply Hl. now right.
      * split; auto. rewrite K2. unfold sum_value. now rewrite !(terms_value_more w w1).
Qed.

Lemma coefficient_in t l c : coefficient t l = Some c -> In t (map fst l).
Proof. induction l as [|[i d] l IH]; simpl; [discriminate|]. destruct (Nat.eqb_spec i t); auto. Qed.
Lemma partners_in w t c fits l j : In j (partners w t c fits l) -> In j (map fst l).
Proof.
  unfold partners. intros I. assert (I' : forall n (k : list nat), In j (firstn n k) -> In j k).
  { clear. induction n; intros [|a k]; simpl; intuition auto. }
  apply I' in I. apply in_map_iff in I. destruct I as [[a b] [<- I]]. apply filter_In in I. destruct I as [I _]. now apply (in_map fst) in I.
Qed.
Lemma paired_right go always fits l : right go -> forall w r w' r', paired zero go always fits w l r = (w', r') ->
  sound w -> sums_below (length (done w)) r ->
  leads w w' /\ (parts_known (at_ w) r -> parts_known (at_ w') r' /\ sum_value (at_ w') r' = sum_value (at_ w) r).
Proof.
  intros Go. induction l as [|[t c0] l IH]; intros w r w' r' E S Sb; cbn [paired] in E.
  - inversion E; subst. split; [now apply leads_refl|auto].
  - destruct (coefficient t (fst (fst r))) as [c|] eqn:C; [|now apply (IH w r w' r')].
    destruct (tried _ _ _ _ _ _ _ _) as [w1 r1] eqn:T in E. apply coefficient_in in C.
    destruct (tried_right go always t c _ Go w r w1 r1 T S) as [[X S1] [B K]]; auto.
    { intros j J. apply partners_in in J. now apply Sb. }
    destruct (IH w1 r1 w' r' E S1 B) as [Y K']. split; [eapply leads_trans; [split; eauto|exact Y]|].
    intros [Hr Hg]. destruct K as [P1 V1]; [now split|now apply Hr|intros j J; apply partners_in in J; now apply Hr|].
    destruct (K' P1) as [P2 V2]. split; auto. now rewrite V2.
Qed.
Lemma gaps_of_right go l : right go -> forall w w' rs, gaps_of go w l = (w', rs) -> sound w ->
  (forall a b, In (a, b) l -> (a < length (done w))%nat /\ (b < length (done w))%nat) ->
  leads w w' /\ Forall2 (fun ab r => is_gap w' (fst ab) (snd ab) (fst r)) l rs.
Proof.
  intros Go. induction l as [|[a b] l IH]; intros w w' rs E S L; cbn [gaps_of] in E.
  - inversion E; subst. split; [now apply leads_refl|constructor].
  - destruct (go w a b) as [w1 r] eqn:G. destruct (gaps_of go w1 l) as [w2 rs'] eqn:G'. inversion E; subst; clear E.
    destruct (L a b (or_introl eq_refl)) as [La Lb]. destruct (Go w a b w1 r G S La Lb) as [[X S1] Gap].
    pose proof (extends_length _ _ X). destruct (IH w1 w' rs' G' S1) as [[Y S2] F].
    { intros i j I. destruct (L i j (or_intror I)). lia. }
    split; [eapply leads_trans; [split; eauto|split; eauto]|]. constructor; auto. cbn [fst snd]. now apply (is_gap_more w1).
Qed.

(** *** The difference of sums *)

Lemma terms_value_app m l k : terms_value m (l ++ k) = terms_value m l + terms_value m k.
Proof. induction l as [|[t c] l IH]; simpl; [ring|]. rewrite IH. ring. Qed.
Lemma terms_value_rev m l : terms_value m (rev l) = terms_value m l.
Proof. induction l as [|[t c] l IH]; simpl; auto. rewrite terms_value_app, IH. simpl. ring. Qed.

Lemma by_parts_right go : right go -> forall w i j w' r, by_parts var_at zero go w i j = (w', r) -> sound w ->
  (i < length (done w))%nat -> (j < length (done w))%nat -> leads w w' /\ is_gap w' i j (fst r).
Proof.
  intros Go w i j w' r E S I J. unfold by_parts in E.
  set (d := plus (form_of w i) (scaled (-1) (form_of w j))) in *.
  set (before := existsb _ _) in *. clearbody before. set (fits := fun t t' : nat => _) in E. clearbody fits.
  destruct (paired zero go true fits w (terms d) (terms d, [], before)) as [w1 [[rest gaps] smaller]] eqn:P.
  destruct (paired_right go true fits _ Go _ _ _ _ P S) as [[X S1] K].
  { intros t T. cbn [fst] in T. apply plus_parts in T. destruct T as [T|T]; [now apply (form_of_below w i)|].
    apply scaled_parts in T. now apply (form_of_below w j). }
  pose proof (extends_length _ _ X).
  destruct (sum_at var_at zero w1 (rest ++ rev gaps) (constant d)) as [[w2 g]|] eqn:Q.
  2:{ destruct (plainly_right w1 i j S1 ltac:(lia) ltac:(lia) _ _ E) as [Y G]. split; auto. eapply leads_trans; [split; eauto|exact Y]. }
  inversion E; subst; clear E. destruct (sum_at_right w1 _ _ w' g Q S1) as [[Y S2] [Lg Vg]].
  pose proof (extends_length _ _ Y).
  split; [eapply leads_trans; [split; eauto|split; eauto]|]. cbn [fst]. repeat split; try lia. intros v k V U.
  rewrite (old_value w w') in V, U by (auto; eapply extends_trans; eauto).
  destruct (form_value_of w i v S V) as [Fi Hi]. destruct (form_value_of w j k S U) as [Fj Hj].
  assert (Hd : all_known (at_ w) (terms d)).
  { intros t T. apply plus_parts in T. destruct T as [T|T]; auto. apply scaled_parts in T. auto. }
  destruct K as [[Hr Hg] Val]; [split; cbn [fst snd]; auto; intros t []|]. cbn [fst snd] in *.
  rewrite Vg.
  - f_equal. unfold sum_value in Val. cbn [fst snd] in Val.
    rewrite terms_value_app, terms_value_rev. cbn [terms_value] in Val. rewrite Rplus_0_r in Val. rewrite Val.
    fold (form_value (at_ w) d). unfold d. rewrite plus_value, scaled_value, <- Fi, <- Fj, Q2R_m1. ring.
  - intros t T. rewrite map_app in T. apply in_app_or in T. destruct T as [T|T]; auto. apply Hg.
    rewrite map_rev in T. now apply in_rev.
Qed.

(** *** The difference of two values of the same operation *)

(** A rule has a value where both operations have. *)
Definition has_part (m : list scalar) (t : part) : Prop := exists d, is_value m t d.
Lemma at_part m p v : get m p = Some v -> has_part m (PAt p).
Proof. intros H. now exists v. Qed.
Lemma mul_part m a b : has_part m a -> has_part m b -> has_part m (PMul a b).
Proof. intros [x X] [y Y]. exists (x * y), x, y. auto. Qed.
Lemma add_part m a b : has_part m a -> has_part m b -> has_part m (PAdd a b).
Proof. intros [x X] [y Y]. exists (x + y), x, y. auto. Qed.
Lemma row_part m row l : (forall a, In a l -> known_at m a) -> has_part m (PRow row l).
Proof.
  unfold has_part. simpl. revert l. induction row as [|q row IH]; intros [|a l] H; simpl; eauto.
  destruct (H a (or_introl eq_refl)) as [v ->]. destruct (IH l (fun b I => H b (or_intror I))) as [d ->]. simpl. eauto.
Qed.
Lemma two_known m a b : known_at m a -> known_at m b -> forall k, In k [a; b] -> known_at m k.
Proof. simpl. intuition (subst; auto). Qed.
Lemma change_rule_known m es src dst x y c o t v w : get m zero = Some 0 ->
  (forall k a b, (k < length es)%nat -> get src k = Some a -> get dst k = Some b ->
    get m (before (move_at es k)) = Some a /\ get m (change (move_at es k)) = Some (b - a)) ->
  has_rule o = true -> below (length es) (arguments o) = true -> change_rule zero es o = Some t ->
  operate x c src o = Some v -> operate y c dst o = Some w -> has_part m t.
Proof.
  intros Z E R B H V W. pose proof (at_part m zero 0 Z) as Zero.
  assert (Bi : forall k, In k (arguments o) -> (k < length es)%nat) by (intros; now apply (below_ok _ (arguments o))).
  destruct o; try discriminate; simpl in V, W, H, Bi; injection H as <-.
  - destruct (lift2_some _ _ _ _ V) as [a1 [b1 [A1 [B1 E1]]]]. destruct (lift2_some _ _ _ _ W) as [a2 [b2 [A2 [B2 E2]]]].
    destruct (E a a1 a2 (Bi a (or_introl eq_refl)) A1 A2) as [Pa Ca].
    destruct (E b b1 b2 (Bi b (or_intror (or_introl eq_refl))) B1 B2) as [Pb Cb].
    pose proof (at_part _ _ _ Pa). pose proof (at_part _ _ _ Ca). pose proof (at_part _ _ _ Pb). pose proof (at_part _ _ _ Cb).
    unfold product_change. destruct (Nat.eqb (change _) zero); [destruct (Nat.eqb _ zero); auto using mul_part|].
    destruct (Nat.eqb (change _) zero); [auto using mul_part|]. destruct (Nat.eqb a b).
    + apply mul_part; auto. apply row_part. apply two_known; eexists; eassumption.
    + apply add_part; [|auto using mul_part]. apply mul_part; auto. apply row_part. apply two_known; eexists; eassumption.
  - destruct (lift2_some _ _ _ _ V) as [a1 [b1 [A1 [B1 E1]]]]. destruct (lift2_some _ _ _ _ W) as [a2 [b2 [A2 [B2 E2]]]].
    destruct (E a a1 a2 (Bi a (or_introl eq_refl)) A1 A2) as [Pa Ca].
    destruct (E b b1 b2 (Bi b (or_intror (or_introl eq_refl))) B1 B2) as [Pb Cb].
    destruct (_ && _); auto. apply add_part; [now apply (at_part _ _ _ Cb)|].
    destruct (row_part m [1; -1]%Q [before (move_at es a); before (move_at es b)]) as [p P]; [apply two_known; eexists; eassumption|].
    destruct (row_part m [1; -1]%Q [change (move_at es a); change (move_at es b)]) as [q Q]; [apply two_known; eexists; eassumption|].
    eexists. exists p, q. split; [exact P|]. split; [exact Q|]. reflexivity.
  - destruct (lift1_some _ _ _ V) as [a1 [A1 E1]]. destruct (lift1_some _ _ _ W) as [a2 [A2 E2]].
    destruct (E a a1 a2 (Bi a (or_introl eq_refl)) A1 A2) as [Pa Ca]. destruct (Nat.eqb _ _); auto.
    set (s := before (move_at es a)) in *. set (d := change (move_at es a)) in *.
    assert (Inc : has_part m (PIncrement g (PAt s) (PAt d))).
    { exists (w - v), a1, (a2 - a1). split; auto. split; auto.
      unfold increment. replace (a1 + (a2 - a1)) with a2 by ring. now rewrite E1, E2. }
    assert (Row : forall r l, (forall k, In k l -> k = s \/ k = d) -> has_part m (PRow r l)).
    { intros r l L. apply row_part. intros k K. destruct (L k K); subst k; eexists; eassumption. }
    assert (Total : forall g t, (forall x, exists v, call g x = Some v) -> has_part m t -> has_part m (PCall g t)).
    { intros g' t' T [k K]. destruct (T k) as [k' K']. exists k', k. auto. }
    assert (Sin_known : forall x, exists v, call Sin x = Some v) by (intros; eexists; reflexivity).
    assert (Cos_known : forall x, exists v, call Cos x = Some v) by (intros; eexists; reflexivity).
    destruct g as [| | | | | | | | | |[|[|[|n]]]]; try exact Inc; cbn [call_change].
    + apply mul_part; [apply mul_part; [eexists; reflexivity|]|]; apply Total; auto; apply Row; simpl; intuition auto.
    + apply mul_part; [apply mul_part; [eexists; reflexivity|]|]; apply Total; auto; apply Row; simpl; intuition auto.
    + apply mul_part; [apply mul_part|].
      * apply Row. simpl. intuition auto.
      * exists v, a1. auto.
      * exists w, a2. split; auto. simpl. rewrite Pa, Ca. simpl. f_equal. rewrite Q2R_one. ring.
    + apply mul_part; [now apply (at_part _ _ _ Ca)|]. apply Row. simpl. intuition auto.
  - destruct (forallb _ _) eqn:F; auto. unfold has_part. simpl. clear F Zero R B Z.
    assert (K : forall r l b v w, (forall k, In k l -> (k < length es)%nat) -> dot r (map (get src) l) b = Some v ->
      dot r (map (get dst) l) b = Some w -> exists d, dot r (map (get m) (map (fun j => change (move_at es j)) l)) 0 = Some d).
    { induction r as [|q r IH]; intros [|k l] b v' w' L D1 D2; try (simpl; eexists; reflexivity). simpl in D1, D2.
      destruct (lift2_some _ _ _ _ D1) as [a1 [b1 [A1 [B1 _]]]]. destruct (lift2_some _ _ _ _ D2) as [a2 [b2 [A2 [B2 _]]]].
      destruct (E k a1 a2 (L k (or_introl eq_refl)) A1 A2) as [_ Ca].
      destruct (IH l b b1 b2 (fun i I => L i (or_intror I)) B1 B2) as [d D]. simpl. rewrite Ca, D. simpl. eexists. reflexivity. }
    apply (K row args (Q2R bias) v w); auto.
Qed.

Lemma rule_settled o : has_rule o = true -> settled o = true /\ forall k, o <> OVar k.
Proof. intros H. split; [|intros k ->; discriminate]. now destruct o. Qed.
Lemma operation_value w i : sound w -> (i < length (done w))%nat ->
  get (at_ w) i = operate z (u i) (at_ w) (operation_of w i) /\ below i (arguments (operation_of w i)) = true.
Proof. intros S I. unfold operation_of. apply get_operate; auto. apply (in_order w S). Qed.

Lemma in_parallel_right go : right go -> forall w i j w' r, in_parallel var_at zero go w i j = (w', r) -> sound w ->
  (i < length (done w))%nat -> (j < length (done w))%nat -> alike w i j = true -> leads w w' /\ is_gap w' i j (fst r).
Proof.
  intros Go w i j w' r E S I J A. unfold in_parallel in E. unfold alike in A. apply andb_prop in A; destruct A as [_ A].
  set (p := operation_of w i) in *. set (q := operation_of w j) in *.
  destruct (operation_value w i S I) as [Vi Bi]. destruct (operation_value w j S J) as [Vj Bj]. fold p in Vi, Bi. fold q in Vj, Bj.
  unfold parallel in A. rewrite !andb_true_iff in A. destruct A as [[R Ap%same_ok] Aq%same_ok].
  pose proof (local_below p) as Bl. set (o := local p) in *.
  assert (Lq : length (arguments q) = length (arguments p)).
  { rewrite <- Aq. unfold of_arguments, o, local. rewrite !arguments_renamed. now rewrite !map_length. }
  assert (Ro : has_rule o = true) by (unfold o, local; destruct p; try discriminate; reflexivity).
  destruct (rule_settled o Ro) as [So Nv].
  destruct (gaps_of go w (combine (arguments p) (arguments q))) as [w1 changes] eqn:G.
  destruct (gaps_of_right go _ Go w w1 changes G S) as [[X S1] F].
  { intros a b K. split; [apply in_combine_l in K|apply in_combine_r in K].
    - pose proof (below_ok _ _ _ Bi K). lia.
    - pose proof (below_ok _ _ _ Bj K). lia. }
  pose proof (extends_length _ _ X).
  assert (Plain : forall w2 r, plainly var_at w1 i j = (w2, r) -> leads w w2 /\ is_gap w2 i j (fst r)).
  { intros w2 r2 P. destruct (plainly_right w1 i j S1 ltac:(lia) ltac:(lia) _ _ P) as [Y K]. split; auto.
    eapply leads_trans; [split; eauto|exact Y]. }
  set (ms := map (fun bg => Move (fst bg) (fst (snd bg))) (combine (arguments q) changes)) in E.
  destruct (change_rule zero (rev ms) o) as [t|] eqn:T; [|now apply Plain].
  destruct (written_below (length (done w1)) t && choice_free t) eqn:C; [|now apply Plain].
  apply andb_prop in C; destruct C as [C1 C2].
  destruct (write t (done w1)) as [s g] eqn:W. inversion E; subst w' r; clear E Plain. cbn [fst].
  destruct (write_ok z u t _ _ _ W C1) as [Xs [Lg _]]. pose proof (extends_length _ _ Xs).
  split.
  { eapply leads_trans; [split; eauto|]. apply grown_leads; auto. apply (write_ordered t _ _ _ W C1 (in_order w1 S1)). }
  repeat split; cbn [done grown]; try lia. intros v k V K.
  rewrite (get_extends z u (done w) s) in V, K by (auto; eapply extends_trans; eauto).
  rename S into Sw. (* the arguments of both, and their changes *)
  set (src := rev (map (get (at_ w)) (arguments q))). set (dst := rev (map (get (at_ w)) (arguments p))).
  assert (Lc : length changes = length (arguments p)).
  { rewrite <- (Forall2_length _ _ _ F), combine_length, Lq. apply Nat.min_id. }
  assert (Lm : length (rev ms) = length (arguments p)).
  { unfold ms. rewrite rev_length, map_length, combine_length, Lc, Lq. apply Nat.min_id. }
  assert (Value : forall l c y, length l = length (arguments p) ->
    operate y c (rev (map (get (at_ w)) l)) o = operate z c (at_ w) (of_arguments l o)).
  { intros l c y Ll. symmetry. apply renamed_ok; auto. intros a Ia. pose proof (below_ok _ _ _ Bl Ia) as La.
    unfold get at 2. rewrite rev_involutive. rewrite (nth_indep _ None (get (at_ w) O)) by (rewrite map_length; lia).
    now rewrite map_nth. }
  assert (Vd : operate z (u i) dst o = Some v) by (unfold dst; rewrite Value, Ap by auto; congruence).
  assert (Vs : operate z (u i) src o = Some k).
  { unfold src. rewrite Value, Aq by auto. rewrite (operate_settled z (u i) (u j)); [congruence|].
    rewrite <- Aq. unfold of_arguments. now destruct o. }
  assert (Entry : forall a, (a < length (arguments p))%nat -> exists bq cp g b,
    nth_error (arguments q) a = Some bq /\ nth_error (arguments p) a = Some cp /\ nth_error changes a = Some (g, b) /\
    move_at (rev ms) a = Move bq g /\ is_gap w1 cp bq g /\ get src a = get (at_ w) bq /\ get dst a = get (at_ w) cp).
  { intros a La. destruct (nth_error (arguments q) a) as [bq|] eqn:Nq; [|apply nth_error_None in Nq; lia].
    destruct (nth_error (arguments p) a) as [cp|] eqn:Np; [|apply nth_error_None in Np; lia].
    destruct (nth_error changes a) as [[g0 b]|] eqn:Nc; [|apply nth_error_None in Nc; lia].
    exists bq, cp, g0, b. do 3 (split; auto). split; [|split; [|split]].
    - unfold move_at. rewrite Lm. unfold ms. rewrite rev_nth.
      + rewrite map_length, combine_length, Lc, Lq, Nat.min_id. replace (length (arguments p) - S (length (arguments p) - S a))%nat with a by lia.
        apply nth_error_nth.
        change (Move bq g0) with ((fun bg : nat * (nat * bool) => Move (fst bg) (fst (snd bg))) (bq, (g0, b))).
        apply map_nth_error. now apply combine_nth_error.
      + rewrite map_length, combine_length, Lc, Lq, Nat.min_id. lia.
    - assert (Np' : nth_error (combine (arguments p) (arguments q)) a = Some (cp, bq)) by now apply combine_nth_error.
      clear -F Np' Nc. revert a Np' Nc. induction F as [|ab r l l' H F IH]; intros [|a] Np' Nc; simpl in *; try discriminate.
      + inversion Np'; inversion Nc; subst. exact H.
      + now apply (IH a).
    - unfold src, get at 1. rewrite rev_involutive. apply nth_error_nth. now apply map_nth_error.
    - unfold dst, get at 1. rewrite rev_involutive. apply nth_error_nth. now apply map_nth_error. }
  assert (Known : forall a x y, (a < length (rev ms))%nat -> get src a = Some x -> get dst a = Some y ->
    get (at_ w1) (before (move_at (rev ms) a)) = Some x /\ get (at_ w1) (change (move_at (rev ms) a)) = Some (y - x)).
  { intros a x y La Hx Hy. rewrite Lm in La. destruct (Entry a La) as [bq [cp [g0 [b [Nq [Np [_ [Mv [[_ [_ [_ Gv]]] [Eq Ep]]]]]]]]]].
    rewrite Mv. cbn [before change]. rewrite Eq in Hx. rewrite Ep in Hy.
    assert (Hx' : get (at_ w1) bq = Some x) by (rewrite (old_value w w1); auto; now apply (known_below w); exists x).
    assert (Hy' : get (at_ w1) cp = Some y) by (rewrite (old_value w w1); auto; now apply (known_below w); exists y).
    split; auto. }
  rewrite <- Lm in Bl.
  destruct (change_rule_known (at_ w1) (rev ms) src dst z z (u i) o t k v (zero_value w1 S1) Known Ro Bl T Vs Vd) as [d D].
  pose proof (write_value z u t _ _ _ d W C1 C2 D) as Gd. rewrite Gd. f_equal.
  enough (v = k + d) by lra.
  apply (change_rule_ok z u (done w1) zero (rev ms) src dst (zero_value w1 S1)) with (x := z) (y := z) (c := u i) (o := o) (t := t); auto.
  intros a La. rewrite Lm in La. destruct (Entry a La) as [bq [cp [g0 [b [Nq [Np [_ [Mv [[Lcp [Lbq [Lg0 Gv]]] [Eq Ep]]]]]]]]]].
  rewrite Mv, Eq, Ep. constructor; cbn [before change]; auto.
  - rewrite (old_value w w1); auto. pose proof (below_ok _ _ _ Bj (nth_error_In _ _ Nq)). lia.
  - intros x y e Hx Hy He.
    assert (Hx' : get (at_ w1) bq = Some x) by (rewrite (old_value w w1); auto; now apply (known_below w); exists x).
    assert (Hy' : get (at_ w1) cp = Some y) by (rewrite (old_value w w1); auto; now apply (known_below w); exists y).
    rewrite (Gv y x Hy' Hx') in He. inversion He. ring.
Qed.

Lemma find_met_in i j l r : find_met i j l = Some r -> In (i, j, r) l.
Proof.
  induction l as [|[[a b] r0] l IH]; simpl; [discriminate|]. destruct (Nat.eqb_spec a i) as [->|]; simpl; auto.
  destruct (Nat.eqb_spec b j) as [->|]; auto. intros H. inversion H. auto.
Qed.
Theorem gap_right fuel : right (gap var_at zero fuel).
Proof.
  induction fuel as [|k IH]; intros w i j w' r E S I J; cbn [gap] in E;
    (destruct (Nat.eqb_spec i j) as [->|N];
      [inversion E; subst; split; [now apply leads_refl|]; cbn [fst]; repeat split; auto; [apply (zero_below w' S)|];
       intros v k0 V K; rewrite V in K; inversion K; rewrite (zero_value w' S); f_equal; ring|]);
    (destruct (find_met i j (met w)) as [r0|] eqn:M;
      [inversion E; subst; split; [now apply leads_refl|]; now apply (met_right w' S), find_met_in|]).
  - destruct (plainly var_at w i j) as [w1 r1] eqn:P. inversion E; subst; clear E.
    destruct (plainly_right w i j S I J _ _ P) as [[X S1] G]. split; [split; auto|exact G].
    destruct S1 as [O Nn Zb Zv Vb Vk Mr]. constructor; auto. cbn [met done]. intros a b r1 [H|H]; [|now apply Mr].
    inversion H; subst. exact G.
  - destruct (if alike w i j then _ else _) as [w1 r1] eqn:P. inversion E; subst; clear E.
    assert (Q : leads w w1 /\ is_gap w1 i j (fst r)).
    { destruct (alike w i j) eqn:A; [now apply (in_parallel_right _ IH w)|now apply (by_parts_right _ IH w)]. }
    destruct Q as [[X S1] G]. split; [split; auto|exact G].
    destruct S1 as [O Nn Zb Zv Vb Vk Mr]. constructor; auto. cbn [met done]. intros a b r1 [H|H]; [|now apply Mr].
    inversion H; subst. exact G.
Qed.
End Right.
