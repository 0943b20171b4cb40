(** T-STAB-C, from a claim to the solutions of its differential equation: nothing is left as a
    hypothesis.

    [flow_obligations] makes from a claim all obligations of T-STAB-C; if all hold, so
    does the claim ([flow_if_hold]).  In words: [proofs/theory/T-STAB-C.md]. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Arith Classical.
From Certify Require Import Language Tree Compact Theorems Stability Curves Invariance ContinuousTime Claims Scalars
  Inline Rays ExactValues Quotients Along FallProgram Wishes Neighbourhood RayClaims Continuity StableLoop Choices Tangents
  FlowProgram FlowClaim.
Import ListNotations.
Local Open Scope R_scope.

(** V has no jumps; if no decay rate is stated, neither have the plant and the slope of V. *)
Definition flow_acceptable (c : claim) (q : fall_program) : bool :=
  well_formed c && qless 0 (level c) && Qle_bool 0 (decay c) &&
  match scalar_claim_of c with
  | Some k => forallb continuous_operation (value_program k)
  | None => false
  end &&
  (qless 0 (decay c) || forallb continuous_operation (code q)) &&
  forallb (fun bq => inside (fst bq) (snd bq)) (combine (bounds c) (rest c)).

Definition still_ends (c : claim) : list Q := map (fun _ => 0%Q) (bounds c).
Definition flow_obligations (c : claim) : option (list obligation) :=
  match flow_program_of c with
  | Some q =>
    if flow_acceptable c q then
      match descent_obligation c q, face_obligations c, ray_obligations (still_ends c) c q with
      | Some o, Some faces, Some rays => Some (o :: faces ++ rays)
      | _, _, _ => None
      end
    else None
  | None => None
  end.

Section Sound.
Variable c : claim.
Variable l : list obligation.
Hypothesis made : flow_obligations c = Some l.
Hypothesis proved : forall o, In o l -> holds o.
Notation B := (bounds c).
Notation V := (value c).
Notation L := (Q2R (level c)).
Notation D := (Q2R (decay c)).

(** What is known of the claim. *)
Record flow_known (q : fall_program) (o : obligation) (faces rays : list obligation) (k : scalar_claim) : Prop := FlowKnown
  { f_program : flow_program_of c = Some q;
    f_descent : descent_obligation c q = Some o /\ holds o;
    f_faces : face_obligations c = Some faces /\ forall r, In r faces -> holds r;
    f_rays : ray_obligations (still_ends c) c q = Some rays /\ forall r, In r rays -> holds r;
    f_scalar : scalar_claim_of c = Some k;
    f_continuous : forallb continuous_operation (value_program k) = true;
    f_jumps : 0 < D \/ forallb continuous_operation (code q) = true;
    f_level : 0 < L;
    f_rate : 0 <= D;
    f_interior : interior B (equilibrium c);
    f_rest : length (rest c) = length B;
    f_cube : length (cube c) = length B;
    f_outputs : length (outputs c) = length B }.

Lemma flow_unpack : exists q o faces rays k, flow_known q o faces rays k.
Proof.
  unfold flow_obligations in made. destruct (flow_program_of c) as [q|] eqn:Q; [|discriminate].
  destruct (flow_acceptable c q) eqn:A; [|discriminate].
  destruct (descent_obligation c q) as [o|] eqn:O; [|discriminate].
  destruct (face_obligations c) as [faces|] eqn:F; [|discriminate].
  destruct (ray_obligations _ c q) as [rays|] eqn:R; [|discriminate]. injection made as E.
  unfold flow_acceptable in A. rewrite !andb_true_iff in A. destruct A as [[[[[A H4] H3] H2] H1] H0].
  destruct (scalar_claim_of c) as [k|] eqn:K; [|discriminate].
  unfold well_formed in A. rewrite !andb_true_iff in A.
  destruct A as [[Lo%Nat.eqb_eq Lr%Nat.eqb_eq] Lc%Nat.eqb_eq].
  exists q, o, faces, rays, k. constructor; auto.
  - split; auto. apply proved. rewrite <- E. now left.
  - split; auto. intros r I. apply proved. rewrite <- E. right. apply in_or_app. now left.
  - split; auto. intros r I. apply proved. rewrite <- E. right. apply in_or_app. now right.
  - apply orb_prop in H1. destruct H1 as [H1|H1]; [left|now right].
    apply qless_ok in H1. now rewrite Q2R_zero in H1.
  - apply qless_ok in H4. now rewrite Q2R_zero in H4.
  - apply Qle_bool_real in H3. now rewrite Q2R_zero in H3.
  - apply interior_ok; auto.
Qed.

Lemma box_length x : in_box B x -> length x = length B.
Proof. intros X. symmetry. apply (Forall2_length _ _ _ X). Qed.

(** What the obligations say of a point, for every choice. *)
Lemma descent_here q o faces rays k x w t u : flow_known q o faces rays k -> in_range u -> in_box B x -> in_box (others c) w ->
  exists v, V x = Some v /\ (L < v \/ exists y s, next c x (w, t) = Some y /\
    get (values (x ++ w) u (code q)) (fall_at q) = Some s /\ (in_cube c x \/ 0 < v /\ 0 < s)).
Proof.
  intros K U X W. pose proof (box_length x X) as Lx.
  pose proof (flow_placed c q (f_program _ _ _ _ _ K) (f_outputs _ _ _ _ _ K) x w u Lx) as P.
  pose proof (next_length _ _ _ _ _ P) as Ln. rewrite (f_outputs _ _ _ _ _ K) in Ln.
  destruct (descent_says c q o x w t u) as [v [E S]]; auto; try apply K.
  exists v. split; auto. destruct S as [S|[y [s [Y [_ S]]]]]; [now left|right]. exists y, s. auto.
Qed.
Lemma falls_here q o faces rays k x w t u : flow_known q o faces rays k -> in_range u -> in_set B V L x -> in_box (others c) w ->
  exists v y s, V x = Some v /\ next c x (w, t) = Some y /\
    get (values (x ++ w) u (code q)) (fall_at q) = Some s /\ (x <> equilibrium c -> 0 < v /\ 0 < s).
Proof.
  intros K U [X [v' [V' Lv]]] W. destruct (descent_here _ _ _ _ _ x w t u K U X W) as [v [E S]].
  rewrite V' in E. inversion E; subst v'. destruct S as [S|[y [s [Y [F S]]]]]; [lra|].
  exists v, y, s. split; auto. split; auto. split; auto. intros N. destruct S as [Cu|S]; auto.
  pose proof (f_program _ _ _ _ _ K) as Q. pose proof (f_outputs _ _ _ _ _ K) as Lo.
  destruct (f_rays _ _ _ _ _ K) as [Er Hr]. pose proof (flow_placed c q Q Lo x w u (box_length x X)) as P.
  pose proof (next_length _ _ _ _ _ P) as Ln. rewrite Lo in Ln.
  apply (rays_fall c (still_ends c)) with (q := q) (none := u) (l := rays) (x := x) (w := w); auto; try apply K.
  - unfold still_ends. apply map_length.
  - intros. now apply flow_placed.
Qed.

Lemma flow_decreases x y w : in_set B V L x -> allowed c w -> x <> equilibrium c -> next c x w = Some y ->
  exists v, V x = Some v /\ 0 < v /\ decreases_along V D x y.
Proof.
  intros X [W _] N Y. destruct flow_unpack as [q [o [faces [rays [k K]]]]]. destruct w as [w t]. cbn [fst] in W.
  destruct (falls_here _ _ _ _ _ x w t (fun _ => 0) K) as [v [y1 [s1 [E [_ [_ P]]]]]]; auto; [intros j; lra|].
  exists v. split; auto. split; [now apply P|]. exists v. split; auto.
  pose proof (flow_slopes c q (f_program _ _ _ _ _ K) (f_outputs _ _ _ _ _ K) x w t y v 0 (box_length x (proj1 X)) Y E) as S.
  replace (- (D * v)) with (- (D * v) - 0) by ring. apply S. intros u U.
  destruct (falls_here _ _ _ _ _ x w t u K U X W) as [v' [y' [s [_ [_ [F P']]]]]]. exists s. split; auto. now apply P'.
Qed.

Lemma flow_value_continuous : continuous_in B V.
Proof.
  destruct flow_unpack as [q [o [faces [rays [k K]]]]]. pose proof (f_continuous _ _ _ _ _ K) as Cv.
  destruct (scalar_claim_ok c k (f_scalar _ _ _ _ _ K)) as [_ [_ [_ [Val _]]]]. clear K.
  intros x v _ E eps P. rewrite (Val x (fun _ => 0)) in E.
  destruct (values_continuous x (fun _ => 0) _ Cv _ v E eps P) as [d [Pd K]]. exists d. split; auto.
  intros y u _ C U. rewrite (Val y (fun _ => 0)) in U. eauto.
Qed.

(** Without a decay rate: around every point the slope of V is below some number. *)
Lemma flow_steady : falls_steadily variation (allowed c) B (next c) V L D (fun x => x <> equilibrium c).
Proof.
  intros D0 x X N. destruct flow_unpack as [q [o [faces [rays [k K]]]]].
  destruct (f_jumps _ _ _ _ _ K) as [Cp|Cp]; [lra|].
  set (none := fun _ : nat => 0). assert (Un : in_range none) by (intros j; unfold none; lra).
  destruct (compact (others c) (fun d w => forall t z y, in_set B V L z -> close d x z -> proper t ->
    next c z (w, t) = Some y -> slopes_below V z y (- d))) as [d [Pd H]].
  - intros d e w0 Le P t z y Z Cl T Y. assert (S : slopes_below V z y (- d)).
    { apply (P t z y); auto. eapply close_more; [|exact Cl]. lra. }
    eapply slopes_below_more; [|exact S]. lra.
  - intros w W. destruct (falls_here _ _ _ _ _ x w (fun _ _ => 0) none K Un X W) as [v [y [s [E [Y [F P]]]]]].
    destruct (P N) as [_ Ps].
    destruct (values_continuous (x ++ w) none _ Cp _ s F (s / 2)) as [d [Pd H]]; [lra|].
    exists (Rmin d (s / 2)). split; [apply Rmin_glb_lt; lra|]. intros w' Cw Cl t z y' Z Cz T Y'.
    pose proof (Rmin_l d (s / 2)). pose proof (Rmin_r d (s / 2)).
    destruct (falls_here _ _ _ _ _ z w' t none K Un Z Cw) as [v' [y1 [s' [E' [_ [F' _]]]]]].
    assert (Sl : slopes_below V z y' (- (D * v') - s / 2)).
    { apply (flow_slopes c q (f_program _ _ _ _ _ K) (f_outputs _ _ _ _ _ K) z w' t y' v' (s / 2)); auto.
      - apply box_length. apply Z.
      - intros u U. destruct (falls_here _ _ _ _ _ z w' t u K U Z Cw) as [v2 [y2 [s2 [_ [_ [F2 _]]]]]]. exists s2. split; auto.
        assert (Rabs (s2 - s) < s / 2); [|apply Rabs_def2 in H2; lra].
        apply (H (z ++ w')).
        + apply Forall2_app; eapply close_more; try exact Cz; try exact Cl; auto.
        + rewrite (settled_values (z ++ w') none u _ Cp). exact F2. }
    rewrite D0 in Sl. eapply slopes_below_more; [|exact Sl]. lra.
  - exists d. split; auto. intros z [w t] y Z _ Cz [W T] Y. now apply (H w W t z y).
Qed.

Lemma flow_conditions : stability_conditions variation (allowed c) B (next c) V L D (equilibrium c) (in_cube c).
Proof.
  pose proof flow_decreases as Dec. pose proof flow_value_continuous as Cont. pose proof flow_steady as Steady.
  destruct flow_unpack as [q [o [faces [rays [k K]]]]]. constructor; auto; try apply K.
  - intros x [w t] X A. destruct A as [W T] eqn:EA. cbn [fst] in W.
    destruct (descent_here _ _ _ _ _ x w t (fun _ => 0) K) as [v [E S]]; auto; [intros j; lra|].
    exists v. split; auto. destruct (Rlt_or_le L v) as [G|G]; [now left|right].
    destruct S as [S|[y [s [Y [_ S]]]]]; [lra|]. exists y. split; auto.
    destruct S as [S|[P _]]; [now left|]. destruct (classic (x = equilibrium c)) as [Ex|N].
    + exfalso. destruct (f_rays _ _ _ _ _ K) as [Er _].
      rewrite Ex in E. pose proof (f_outputs _ _ _ _ _ K) as Lo.
      assert (Ln : length (next_state_at q) = length B).
      { rewrite (next_length _ _ _ _ _ (flow_placed c q (f_program _ _ _ _ _ K) Lo x w (fun _ => 0) (box_length x X))). exact Lo. }
      assert (v = 0); [|lra].
      apply (zero_at_equilibrium c (still_ends c)) with (q := q) (l := rays); auto; try apply K.
      * unfold still_ends. apply map_length.
      * intros. apply flow_placed; auto; apply K.
    + right. assert (X' : in_set B V L x) by (split; auto; exists v; auto).
      destruct (Dec x y (w, t) X' (conj W T) N Y) as [v' [_ [_ De]]]. split; auto.
  - intros x y w X A _ N Y. now apply (Dec x y w).
  - destruct (f_faces _ _ _ _ _ K) as [Ef Hf]. apply (faces_inward c (f_outputs _ _ _ _ _ K) faces Ef Hf).
  - intros v E. destruct (f_rays _ _ _ _ _ K) as [Er _]. pose proof (f_outputs _ _ _ _ _ K) as Lo.
    assert (Lq : length (equilibrium c) = length B) by (unfold equilibrium; rewrite map_length; apply K).
    assert (Ln : length (next_state_at q) = length B).
    { rewrite (next_length _ _ _ _ _ (flow_placed c q (f_program _ _ _ _ _ K) Lo (equilibrium c) [] (fun _ => 0) Lq)). exact Lo. }
    apply (zero_at_equilibrium c (still_ends c)) with (q := q) (l := rays); auto; try apply K.
    + unfold still_ends. apply map_length.
    + intros. apply flow_placed; auto; apply K.
Qed.

Lemma flow_equilibrium w y : allowed c w -> next c (equilibrium c) w = Some y -> y = map (fun _ => 0) B.
Proof.
  intros [W _] Y. destruct flow_unpack as [q [o [faces [rays [k K]]]]].
  destruct (f_rays _ _ _ _ _ K) as [Er _]. pose proof (f_outputs _ _ _ _ _ K) as Lo.
  assert (Lq : length (equilibrium c) = length B) by (unfold equilibrium; rewrite map_length; apply K).
  assert (Ln : length (next_state_at q) = length B).
  { rewrite (next_length _ _ _ _ _ (flow_placed c q (f_program _ _ _ _ _ K) Lo (equilibrium c) [] (fun _ => 0) Lq)). exact Lo. }
  replace (map (fun _ => 0) B) with (map Q2R (still_ends c)).
  - apply (equilibrium_is_one c (still_ends c)) with (q := q) (l := rays) (w := w); auto; try apply K.
    + unfold still_ends. apply map_length.
    + intros. apply flow_placed; auto; apply K.
    + exact (fun _ => 0).
    + symmetry. apply (Forall2_length _ _ _ W).
  - unfold still_ends. rewrite map_map. apply map_ext. intros _. apply Q2R_zero.
Qed.
End Sound.

(** If every obligation of the claim holds, the claim does. *)
Theorem flow_if_hold c l : flow_obligations c = Some l -> (forall o, In o l -> holds o) -> stable_flow c.
Proof.
  intros M H. pose proof (flow_conditions c l M H) as C. constructor.
  - intros T x w S X. exact (stays_c _ _ _ _ _ _ _ _ _ C T x w S X).
  - intros T x w S X. exact (decays_c _ _ _ _ _ _ _ _ _ C T x w S X).
  - intros T x w S X. exact (decreases_c _ _ _ _ _ _ _ _ _ C T x w S X).
  - exact (converges_c _ _ _ _ _ _ _ _ _ C).
  - exact (stable_c _ _ _ _ _ _ _ _ _ C).
  - exact (flow_equilibrium c l M H).
Qed.
