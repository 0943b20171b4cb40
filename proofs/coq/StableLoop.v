(** T-STAB-D, from a claim to its trajectories: nothing is left as a hypothesis.

    A claim is programs for plant and Lyapunov function, and numbers.  [obligations] makes from it all
    obligations of T-STAB-D, if wanted with differences written as differences; if all of
    them hold, so does the claim ([stable_if_hold]).  In words: [proofs/theory/T-STAB-D.md]. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Arith Classical.
From Certify Require Import Language Tree Compact Theorems Stability Claims Scalars Inline Arranging
  Rays ExactValues Quotients Along FallProgram Wishes Neighbourhood RayClaims Continuity
  LoopClaim.
Import ListNotations.
Local Open Scope R_scope.

(** ** What exact arithmetic decides, and the obligations *)

Definition qless (p q : Q) : bool := negb (Qle_bool q p).
Definition inside (b : Q * Q) (q : Q) : bool := qless (fst b) q && qless q (snd b).

(** V has no jumps, and neither has the plant if no decay rate is stated. *)
Definition no_jumps (c : claim) : bool :=
  match scalar_claim_of c with
  | Some k => forallb continuous_operation (value_program k) &&
      (qless 0 (decay c) || forallb continuous_operation (plant_program k))
  | None => false
  end.
Definition acceptable (c : claim) : bool :=
  well_formed c && no_jumps c && qless 0 (level c) && Qle_bool 0 (decay c) && qless (decay c) 1 &&
  forallb (fun bq => inside (fst bq) (snd bq)) (combine (bounds c) (rest c)).

Definition obligations (by_differences : bool) (c : claim) : option (list obligation) :=
  if acceptable c then
    match fall_program_of by_differences c with
    | Some q =>
      match descent_obligation c q, ray_obligations (rest c) c q with
      | Some o, Some l => Some (o :: l)
      | _, _ => None
      end
    | None => None
    end
  else None.

(** ** The proof *)

Lemma qless_ok p q : qless p q = true -> Q2R p < Q2R q.
Proof.
  unfold qless. intros H. pose proof (Qle_bool_ok q p) as L. destruct (Qle_bool q p); [discriminate|exact L].
Qed.
Lemma Qle_bool_real p q : Qle_bool p q = true -> Q2R p <= Q2R q.
Proof. intros H. pose proof (Qle_bool_ok p q) as L. now rewrite H in L. Qed.

Lemma interior_ok b q : length b = length q ->
  forallb (fun bq => inside (fst bq) (snd bq)) (combine b q) = true -> interior b (map Q2R q).
Proof.
  revert q. induction b as [|i b IH]; intros [|p q] Len H; simpl in *; try discriminate.
  - exists 1. split; [lra|]. intros x C. inversion C. constructor.
  - apply andb_prop in H; destruct H as [H1 H2]. destruct (IH q (f_equal pred Len) H2) as [d [D K]].
    unfold inside in H1. apply andb_prop in H1; destruct H1 as [A%qless_ok B%qless_ok].
    set (e := Rmin (Q2R p - Q2R (fst i)) (Q2R (snd i) - Q2R p)).
    assert (E : 0 < e) by (apply Rmin_glb_lt; lra).
    exists (Rmin d e). split; [now apply Rmin_glb_lt|]. intros x C.
    inversion C as [|a y q' x' Hy Hx]; subst. constructor.
    + pose proof (Rmin_r d e). pose proof (Rmin_l (Q2R p - Q2R (fst i)) (Q2R (snd i) - Q2R p)).
      pose proof (Rmin_r (Q2R p - Q2R (fst i)) (Q2R (snd i) - Q2R p)). fold e in H0, H1.
      apply Rabs_def2 in Hy. split; lra.
    + apply K. eapply close_more; [apply Rmin_l|exact Hx].
Qed.

(** What exact arithmetic says of a claim. *)
Record in_order (c : claim) (k : scalar_claim) : Prop := InOrder
  { o_scalar : scalar_claim_of c = Some k;
    o_continuous : forallb continuous_operation (value_program k) = true;
    o_jumps : 0 < Q2R (decay c) \/ forallb continuous_operation (plant_program k) = true;
    o_level : 0 < Q2R (level c);
    o_rate : 0 <= Q2R (decay c) < 1;
    o_interior : interior (bounds c) (equilibrium c);
    o_rest : length (rest c) = length (bounds c);
    o_cube : length (cube c) = length (bounds c);
    o_outputs : length (outputs c) = length (bounds c) }.
Lemma acceptable_ok c : acceptable c = true -> exists k, in_order c k.
Proof.
  unfold acceptable. intros A. rewrite !andb_true_iff in A. destruct A as [[[[[A H3] H2] H1] H0] H].
  unfold no_jumps in H3. destruct (scalar_claim_of c) as [k|] eqn:K; [|discriminate].
  apply andb_prop in H3; destruct H3 as [C1 C2]. unfold well_formed in A. rewrite !andb_true_iff in A.
  destruct A as [[Lo%Nat.eqb_eq Lr%Nat.eqb_eq] Lc%Nat.eqb_eq].
  exists k. constructor; auto.
  - apply orb_prop in C2. destruct C2 as [C2|C2]; [left|now right].
    apply qless_ok in C2. now rewrite Q2R_zero in C2.
  - apply qless_ok in H2. now rewrite Q2R_zero in H2.
  - split.
    + apply Qle_bool_real in H1. now rewrite Q2R_zero in H1.
    + apply qless_ok in H0. now rewrite Q2R_one in H0.
  - apply interior_ok; auto.
Qed.
Lemma lyapunov_continuous c k : in_order c k -> continuous_in (bounds c) (value c).
Proof.
  intros K. pose proof (o_continuous _ _ K) as Cv.
  destruct (scalar_claim_ok c k (o_scalar _ _ K)) as [_ [_ [_ [Val _]]]].
  intros x v _ E eps P. rewrite (Val x (fun _ => 0)) in E.
  destruct (values_continuous x (fun _ => 0) _ Cv _ v E eps P) as [d [Pd Kd]]. exists d. split; auto.
  intros y u _ C U. rewrite (Val y (fun _ => 0)) in U. eauto.
Qed.
(** From the conditions of T-STAB-D to what it claims. *)
Lemma stable_by_conditions (c : claim) :
  conditions variation (allowed c) (bounds c) (next c) (value c) (Q2R (level c)) (Q2R (decay c)) (equilibrium c) (in_cube c) ->
  regular variation (allowed c) (bounds c) (next c) (value c) (Q2R (level c)) (Q2R (decay c)) (equilibrium c) -> stable_claim c.
Proof.
  intros C S. constructor.
  - exact (never_ends _ _ _ _ _ _ _ _ _ C).
  - intros x w T X. exact (invariant _ _ _ _ _ _ _ _ _ C x w T X).
  - intros x w T X. exact (decreases _ _ _ _ _ _ _ _ _ C x w T X).
  - intros x w T X. exact (geometric _ _ _ _ _ _ _ _ _ C x w T X).
  - intros x w T X. exact (states_converge _ _ _ _ _ _ _ _ _ C S x w T X).
  - exact (stable _ _ _ _ _ _ _ _ _ C S).
Qed.

(** What [descent] says of a point. *)
Lemma descent_point d (c : claim) q o x w : fall_program_of d c = Some q -> descent_obligation c q = Some o ->
  length (outputs c) = length (bounds c) -> length (rest c) = length (bounds c) -> length (cube c) = length (bounds c) ->
  length x = length (bounds c) -> true_at (x ++ fst w) o ->
  exists v, value c x = Some v /\ (Q2R (level c) < v \/ exists y s, next c x w = Some y /\ stays (bounds c) x y /\
    get (values (x ++ fst w) (fun _ => 0) (code q)) (fall_at q) = Some s /\ (in_cube c x \/ 0 < v /\ 0 < s)).
Proof.
  intros Q O Lo Lr Lc Lx H. destruct w as [w t]. cbn [fst snd] in *.
  pose proof (fall_program_ok d c q x w (fun _ => 0) Q Lo Lx) as M.
  pose proof (next_length _ _ _ _ _ (is_placed _ _ _ _ _ M)) as Ln. rewrite Lo in Ln.
  destruct (descent_at c q o x w t (fun _ => 0)) as [v [E S]]; auto; [intros; lra|apply M|].
  exists v. split; auto. destruct S as [S|[y [s [Y [St S]]]]]; [now left|right]. exists y, s. split; auto. split; auto.
  apply (stays_says c q x w t y M Y Lx); auto.
  unfold next in Y. apply all_defined_some in Y. now rewrite <- (map_length Some y), <- Y, map_length.
Qed.

Section Sound.
Variable by_differences : bool.
Variable c : claim.
Variable l : list obligation.
Hypothesis made : obligations by_differences c = Some l.
Hypothesis proved : forall o, In o l -> holds o.
Notation B := (bounds c).
Notation V := (value c).
Notation L := (Q2R (level c)).
Notation D := (Q2R (decay c)).

(** What is known of the claim. *)
Record known (q : fall_program) (o : obligation) (rays : list obligation) (k : scalar_claim) : Prop := Known
  { k_program : fall_program_of by_differences c = Some q;
    k_descent : descent_obligation c q = Some o /\ holds o;
    k_rays : ray_obligations (rest c) c q = Some rays /\ forall r, In r rays -> holds r;
    k_order : in_order c k }.

Lemma unpack : exists q o rays k, known q o rays k.
Proof.
  unfold obligations in made. destruct (acceptable c) eqn:A; [|discriminate].
  destruct (fall_program_of by_differences c) as [q|] eqn:Q; [|discriminate].
  destruct (descent_obligation c q) as [o|] eqn:O; [|discriminate].
  destruct (ray_obligations (rest c) c q) as [rays|] eqn:R; [|discriminate]. injection made as E.
  destruct (acceptable_ok c A) as [k K]. exists q, o, rays, k. constructor; auto.
  - split; auto. apply proved. rewrite <- E. now left.
  - split; auto. intros r I. apply proved. rewrite <- E. now right.
Qed.

Lemma meaning_of q o rays k : known q o rays k -> forall x w u, length x = length B -> meaning c q x w u.
Proof. intros K x w u Lx. apply (fall_program_ok by_differences); auto; apply K. Qed.

Lemma descent_of q o rays k x w : known q o rays k -> in_box B x -> allowed c w ->
  exists v, V x = Some v /\ (L < v \/ exists y s, next c x w = Some y /\ stays B x y /\
    get (values (x ++ fst w) (fun _ => 0) (code q)) (fall_at q) = Some s /\ (in_cube c x \/ 0 < v /\ 0 < s)).
Proof.
  intros K X [Wb _]. destruct (k_descent _ _ _ _ K) as [O H]. destruct (k_order _ _ _ _ K).
  apply (descent_point by_differences c q o); auto; [apply K|symmetry; apply (Forall2_length _ _ _ X)|].
  intros t T. apply H; auto. rewrite (descent_box c q o O). now apply Forall2_app.
Qed.

Lemma value_defined x w : in_box B x -> allowed c w -> exists v, V x = Some v.
Proof.
  destruct unpack as [q [o [rays [k K]]]]. intros X A.
  destruct (descent_of _ _ _ _ x w K X A) as [v [E _]]. eauto.
Qed.

Lemma claim_conditions : conditions variation (allowed c) B (next c) V L D (equilibrium c) (in_cube c).
Proof.
  destruct unpack as [q [o [rays [k K]]]].
  pose proof (o_rest _ _ (k_order _ _ _ _ K)) as Lr. pose proof (o_cube _ _ (k_order _ _ _ _ K)) as Lc.
  pose proof (o_outputs _ _ (k_order _ _ _ _ K)) as Lo.
  assert (Len : forall x, in_box B x -> length x = length B) by (intros x X; symmetry; apply (Forall2_length _ _ _ X)).
  assert (Me : forall x w u, length x = length B -> meaning c q x w u) by apply (meaning_of _ _ _ _ K).
  assert (Mp : forall x w u, length x = length B -> placed c q x w u) by (intros; now apply Me).
  assert (Ln : length (next_state_at q) = length B).
  { rewrite (next_length _ _ _ _ _ (Mp (equilibrium c) [] (fun _ => 0)
      ltac:(unfold equilibrium; rewrite map_length; exact Lr))). apply K. }
  assert (Falls : forall x w y v s, in_box B x -> allowed c w -> V x = Some v -> next c x w = Some y -> in_box B y ->
    get (values (x ++ fst w) (fun _ => 0) (code q)) (fall_at q) = Some s -> 0 < v -> 0 < s -> falls V D x y).
  { intros x [w t] y v s X A E Y By F Pv Ps. destruct (value_defined y (w, t) By A) as [v' E'].
    exists v, v'. repeat split; auto.
    rewrite <- (fall_value _ _ _ _ _ (Me x w (fun _ => 0) (Len x X)) t y v v' s E Y E' F). exact Ps. }
  destruct (k_rays _ _ _ _ K) as [Er Hr].
  constructor; [exact (o_rate _ _ (k_order _ _ _ _ K))| | | |].
  - intros x w X A. destruct (descent_of _ _ _ _ x w K X A) as [v [E M]]. exists v. split; auto.
    destruct M as [M|[y [s [Y [St [F M]]]]]]; [now left|right]. exists y. split; auto. split; auto.
    destruct M as [M|[Pv Ps]]; [now left|right]. apply (Falls x w y v s); auto. now apply (stays_ok _ x).
  - intros x y w X A Cu N Y By. destruct X as [X [v [E Lv]]].
    destruct (descent_of _ _ _ _ x w K X A) as [v1 [E1 M]]. rewrite E in E1. inversion E1; subst v1.
    destruct M as [M|[y1 [s [Y1 [_ [F _]]]]]]; [lra|].
    destruct (rays_fall c (rest c) Lr Lc Lo Lr q Ln Mp (fun _ => 0) rays Er Hr x (fst w) v s Cu N (proj1 A) E F) as [Pv Ps].
    apply (Falls x w y v s); auto.
  - intros v. exact (zero_at_equilibrium c (rest c) Lr Lc Lo Lr q Ln Mp (fun _ => 0) rays Er v).
  - intros w y [Wb _] Y. apply (equilibrium_is_one c (rest c) Lr Lc Lo Lr q Ln Mp (fun _ => 0) rays Er w y); auto.
    symmetry. apply (Forall2_length _ _ _ Wb).
Qed.

Lemma close_app d x y v w : close d x y -> close d v w -> close d (x ++ v) (y ++ w).
Proof. intros H K. apply Forall2_app; auto. Qed.

(** Without a decay rate: V falls by a certain amount around every point. *)
Lemma claim_falls_around : D = 0 -> forall x, in_set B V L x -> x <> equilibrium c ->
  exists d, 0 < d /\ forall z w v y u, in_set B V L z -> close d x z -> allowed c w ->
    V z = Some v -> next c z w = Some y -> V y = Some u -> d <= v - u.
Proof.
  intros D0 x X N. pose proof claim_conditions as C. destruct unpack as [q [o [rays [k Kn]]]]. pose proof (lyapunov_continuous c k (k_order _ _ _ _ Kn)) as Cont.
  destruct (o_jumps _ _ (k_order _ _ _ _ Kn)) as [Cp|Cp]; [lra|].
  destruct (scalar_claim_ok c k (o_scalar _ _ (k_order _ _ _ _ Kn))) as [_ [_ [_ [_ Nxt]]]]. clear Kn.
  set (none := fun (_ _ : nat) => 0).
  destruct (compact (others c) (fun d w => forall t z v y u, in_set B V L z -> close d x z -> proper t ->
    V z = Some v -> next c z (w, t) = Some y -> V y = Some u -> d <= v - u)) as [d [Pd K]].
  - intros d e w Le P t z v y u Z Cl T Hv Y Hu. specialize (P t z v y u Z).
    assert (d <= v - u); [|lra]. apply P; auto. eapply close_more; [|exact Cl]. lra.
  - intros w W. assert (A : allowed c (w, none)) by (split; [exact W|intros ? ?; unfold none; simpl; lra]).
    destruct (step_stays _ _ _ _ _ _ _ _ _ C x (w, none) X A) as [y [v [u [Y [Sy [Hv [Hu [_ Lt]]]]]]]].
    specialize (Lt N). rewrite D0 in Lt. assert (exists gap, gap = v - u /\ 0 < gap) as [gap [Eg G]] by (exists (v - u); lra).
    destruct (Cont x v (proj1 X) Hv (gap / 4)) as [d1 [D1 K1]]; [lra|].
    destruct (Cont y u (proj1 Sy) Hu (gap / 4)) as [d2 [D2 K2]]; [lra|].
    assert (Y' := Y). rewrite (Nxt x (w, none) (fun _ => 0)) in Y'. apply all_defined_some in Y'. cbn [fst] in Y'.
    destruct (all_continuous (x ++ w) (fun _ => 0) _ _ Cp y Y' d2 D2) as [d3 [D3 K3]].
    assert (exists d, d = Rmin (gap / 4) (Rmin d1 d3)) as [d Ed] by eauto.
    pose proof (Rmin_l (gap / 4) (Rmin d1 d3)). pose proof (Rmin_r (gap / 4) (Rmin d1 d3)).
    pose proof (Rmin_l d1 d3). pose proof (Rmin_r d1 d3). rewrite <- Ed in *.
    exists d. split; [rewrite Ed; repeat apply Rmin_glb_lt; lra|].
    intros w' W' Cw t z v' y' u' Z Cz T Hv' Hy' Hu'.
    assert (A' : allowed c (w', t)) by (split; auto).
    assert (Rabs (v' - v) < gap / 4) as Q1.
    { apply (K1 z); auto; [apply Z|]. eapply close_more; [|exact Cz]. lra. }
    assert (Rabs (u' - u) < gap / 4) as Q2.
    { apply (K2 y'); auto.
      - destruct (never_ends _ _ _ _ _ _ _ _ _ C z (w', t) Z A') as [y2 [Y2 S2]].
        rewrite Hy' in Y2. inversion Y2; subst y2. apply S2.
      - rewrite (Nxt z (w', t) (fun _ => 0)) in Hy'. apply all_defined_some in Hy'.
        apply (K3 (z ++ w')); auto. apply close_app; eapply close_more; [|exact Cz| |exact Cw]; lra. }
    apply Rabs_def2 in Q1. apply Rabs_def2 in Q2. lra.
  - exists d. split; auto. intros z [w t] v y u Z Cz [Wb Wt]. now apply (K w Wb t z v y u).
Qed.

Lemma claim_regular : regular variation (allowed c) B (next c) V L D (equilibrium c).
Proof.
  destruct unpack as [q [o [rays [k K]]]]. constructor.
  - exact (o_level _ _ (k_order _ _ _ _ K)).
  - exact (lyapunov_continuous c k (k_order _ _ _ _ K)).
  - exact (o_interior _ _ (k_order _ _ _ _ K)).
  - exact claim_falls_around.
Qed.
End Sound.

(** If every obligation of the claim holds, the claim does. *)
Theorem stable_if_hold by_differences c l : obligations by_differences c = Some l -> (forall o, In o l -> holds o) -> stable_claim c.
Proof.
  intros M H. pose proof (claim_conditions by_differences c l M H) as C.
  pose proof (claim_regular by_differences c l M H) as S.
  now apply stable_by_conditions.
Qed.
