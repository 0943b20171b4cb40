(** T-RES-D and T-RES-C, from a claim to its trajectories or solutions.

    [residual_obligations] and [residual_flow_obligations] make all obligations; if all of them hold, so does
    the claim. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Arith.
From Certify Require Import Language Tree Compact Theorems Stability Curves Invariance ContinuousTime ContinuousSets
  DiscreteTime Claims ResidualClaim Scalars Inline Merging Arranging Walks Rays ExactValues Quotients FallProgram Wishes Continuity
  StableLoop Choices Tangents FlowProgram StableFlow.
Import ListNotations.
Local Open Scope R_scope.

Section Made.
Variable r : residual_claim.
Notation c := (around r).

(** V is above the level, or all is defined and [last] holds. *)
Definition guarded_obligation (q : fall_program) (last : wish) : option obligation :=
  let wish := WEither (WRow true [1]%Q [v_at q] (- level c))
    (WBoth (goes_on_wish q (WDefined (v_at q))) last) in
  let (s', g) := grant wish (code q) in
  let o := ScalarObligation (bounds c ++ others c) s' g in
  if wish_below (length (code q)) wish && proper_obligation o then Some (obligation_of o) else None.
(** Above the residual level V falls; below it the state is near, and in discrete time V remains there. *)
Definition above_wish (q : fall_program) : wish :=
  WEither (WRow true [-1]%Q [v_at q] (residual r)) (WBoth (WDefined (fall_at q)) (falls_wish (code q) (fall_at q))).
Definition below_wish (q : fall_program) (w : wish) : wish := WEither (WRow true [1]%Q [v_at q] (- residual r)) w.
Definition small_wish (q : fall_program) : wish :=
  below_wish q (all_wishes (map near_wish (combine (state_at q) (combine (rest c) (cube c)))) (WDefined (v_at q))).
Definition remains_wish (q : fall_program) : wish :=
  below_wish q (WRow false [decay c - 1; 1]%Q [v_at q; fall_at q] (residual r)).
Definition settles_wish (q : fall_program) : wish :=
  WBoth (WDefined (fall_at q)) (WBoth (stays_wish c q) (WBoth (above_wish q) (WBoth (small_wish q) (remains_wish q)))).
Definition flow_wish (q : fall_program) : wish := WBoth (above_wish q) (small_wish q).
(** At the centre V is at most the residual level. *)
Definition centre_obligation : obligation :=
  Obligation (map (fun p => (p, p)) (rest c)) (lyapunov c ++ [Const (residual r); Sub 0 1]) (Nonnegative 0).

Definition levels_apart : bool := qless 0 (residual r) && qless (residual r) (level c).
Definition residual_obligations (by_differences : bool) : option (list obligation) :=
  if acceptable c && levels_apart then
    match fall_program_of by_differences c with
    | Some q => match guarded_obligation q (settles_wish q) with Some o => Some [o; centre_obligation] | None => None end
    | None => None
    end
  else None.
Definition residual_flow_obligations : option (list obligation) :=
  match flow_program_of c with
  | Some q =>
    if flow_acceptable c q && levels_apart then
      match guarded_obligation q (flow_wish q), face_obligations c with
      | Some o, Some faces => Some (o :: centre_obligation :: faces)
      | _, _ => None
      end
    else None
  | None => None
  end.

(** ** What they say *)

Lemma guarded_says q last o x w t u : guarded_obligation q last = Some o -> holds o -> in_range u ->
  placed c q x w u -> in_box (bounds c) x -> in_box (others c) w ->
  exists v, value c x = Some v /\ (Q2R (level c) < v \/ exists y, next c x (w, t) = Some y /\
    wish_true (values (x ++ w) u (code q)) last).
Proof.
  unfold guarded_obligation. intros M H U P0 X W. destruct (grant _ (code q)) as [s g] eqn:G.
  destruct (wish_below _ _ && _) eqn:P; [|discriminate]. apply andb_prop in P; destruct P as [P1 P2].
  inversion M; subst o; clear M.
  pose proof (obligation_of_ok _ P2 H (x ++ w) (Forall2_app X W) u U) as Sat. cbn [operations wanted] in Sat.
  destruct (grant_ok (x ++ w) u (code q) _ P1 _ _ _ G (extends_refl _)) as [_ T].
  specialize (T s (extends_refl _) Sat). clear Sat. pose proof (v_value _ _ _ _ _ P0) as Mv.
  destruct T as [[v [D Pos]]|[Def Last]].
  - simpl in D. rewrite Mv in D. destruct (value c x) as [b|]; [|discriminate].
    simpl in D. inversion D; subst v. exists b. split; auto. left. rewrite Q2R_one, Q2R_opp in Pos. lra.
  - destruct (next_says c q x w t u _ P0 Def) as [y Y]. destruct (all_wishes_last _ _ _ Def) as [v V]. rewrite Mv in V.
    exists v. split; auto. right. eauto.
Qed.
(** Rows of V and of what falls. *)
Lemma above_says q x w u v : placed c q x w u -> value c x = Some v -> wish_true (values (x ++ w) u (code q)) (above_wish q) ->
  v < Q2R (residual r) \/ exists s, get (values (x ++ w) u (code q)) (fall_at q) = Some s /\ 0 < s.
Proof.
  intros P V [[a [A Pa]]|[[s S] F]]; [left; simpl in A|right].
  - rewrite (v_value _ _ _ _ _ P), V in A. simpl in A. inversion A; subst a. rewrite Q2R_m1 in Pa. lra.
  - exists s. split; [exact S|]. exact (falls_wish_ok _ _ _ _ _ S F).
Qed.
Lemma below_says q x w u v k : placed c q x w u -> value c x = Some v ->
  wish_true (values (x ++ w) u (code q)) (below_wish q k) ->
  Q2R (residual r) < v \/ wish_true (values (x ++ w) u (code q)) k.
Proof.
  intros P V [[a [A Pa]]|K]; [left|now right]. simpl in A. rewrite (v_value _ _ _ _ _ P), V in A. simpl in A.
  inversion A; subst a. rewrite Q2R_one, Q2R_opp in Pa. lra.
Qed.

Lemma centre_says : holds centre_obligation -> exists v, value c (equilibrium c) = Some v /\ v <= Q2R (residual r).
Proof.
  intros H. assert (X : in_box (map (fun p => (p, p)) (rest c)) (equilibrium c)).
  { unfold equilibrium. induction (rest c); simpl; constructor; auto. unfold within. simpl. lra. }
  specialize (H _ X (fun _ _ => 0) ltac:(intros ? ?; lra)). unfold centre_obligation in H. cbn [program goal] in H.
  assert (App : forall p q e, run (equilibrium c) (fun _ _ => 0) (p ++ q) e =
    run (equilibrium c) (fun _ _ => 0) q (run (equilibrium c) (fun _ _ => 0) p e)) by (induction p; intros; simpl; auto).
  rewrite App in H. unfold value, value_of_program.
  set (e := run (equilibrium c) (fun _ _ => 0) (lyapunov c) []) in *. cbn [run evaluate nth truth] in H.
  destruct H as [v [G P]]. destruct e as [|[|a l] e']; try discriminate. cbn in G. destruct a as [b|]; [|discriminate].
  exists b. split; auto. inversion G. lra.
Qed.
End Made.

Lemma levels_ok r : levels_apart r = true -> 0 < Q2R (residual r) < Q2R (level (around r)).
Proof.
  unfold levels_apart. intros H. apply andb_prop in H. destruct H as [A%qless_ok B%qless_ok].
  rewrite Q2R_zero in A. lra.
Qed.
Lemma value_continuous_of c k : scalar_claim_of c = Some k -> forallb continuous_operation (value_program k) = true ->
  continuous_in (bounds c) (value c).
Proof.
  intros Ek Cv. destruct (scalar_claim_ok c k Ek) as [_ [_ [_ [Val _]]]].
  intros x v _ E eps P. rewrite (Val x (fun _ => 0)) in E.
  destruct (values_continuous x (fun _ => 0) _ Cv _ v E eps P) as [d [Pd K]]. exists d. split; auto.
  intros y u _ Cl U. rewrite (Val y (fun _ => 0)) in U. eauto.
Qed.
Lemma inside_box b q : length b = length q ->
  forallb (fun bq => inside (fst bq) (snd bq)) (combine b q) = true -> in_box b (map Q2R q).
Proof.
  intros L H. destruct (interior_ok b q L H) as [d [D K]]. apply K. now apply close_refl.
Qed.

(** ** T-RES-D *)
Section Discrete.
Variables (by_differences : bool) (r : residual_claim) (l : list obligation).
Notation c := (around r).
Notation B := (bounds c).
Notation V := (value c).
Notation L := (Q2R (level c)).
Notation D := (Q2R (decay c)).
Notation set := (in_set B V L).
Hypothesis made : residual_obligations r by_differences = Some l.
Hypothesis proved : forall o, In o l -> holds o.

Record known_r (q : fall_program) (o : obligation) (k : scalar_claim) : Prop := KnownR
  { r_program : fall_program_of by_differences c = Some q;
    r_descent : guarded_obligation r q (settles_wish r q) = Some o /\ holds o;
    r_centre : holds (centre_obligation r);
    r_scalar : scalar_claim_of c = Some k;
    r_continuous : forallb continuous_operation (value_program k) = true;
    r_jumps : 0 < D \/ forallb continuous_operation (plant_program k) = true;
    r_rate : 0 <= D < 1;
    r_levels : 0 < Q2R (residual r) < L;
    r_inside : in_box B (equilibrium c);
    r_rest : length (rest c) = length B;
    r_cube : length (cube c) = length B;
    r_outputs : length (outputs c) = length B }.
Lemma unpack_r : exists q o k, known_r q o k.
Proof.
  unfold residual_obligations in made. destruct (acceptable c && levels_apart r) eqn:A0; [|discriminate].
  apply andb_prop in A0; destruct A0 as [A Lv]. apply levels_ok in Lv.
  destruct (fall_program_of by_differences c) as [q|] eqn:Q; [|discriminate].
  destruct (guarded_obligation r q _) as [o|] eqn:O; [|discriminate]. injection made as E.
  unfold acceptable in A. rewrite !andb_true_iff in A. destruct A as [[[[[A H3] H2] H1] H0] H].
  unfold no_jumps in H3. destruct (scalar_claim_of c) as [k|] eqn:K; [|discriminate].
  apply andb_prop in H3; destruct H3 as [C1 C2]. unfold well_formed in A. rewrite !andb_true_iff in A.
  destruct A as [[Lo%Nat.eqb_eq Lr%Nat.eqb_eq] Lc%Nat.eqb_eq].
  exists q, o, k. constructor; auto.
  - split; auto. apply proved. rewrite <- E. now left.
  - apply proved. rewrite <- E. right. now left.
  - apply orb_prop in C2. destruct C2 as [C2|C2]; [left|now right]. apply qless_ok in C2. now rewrite Q2R_zero in C2.
  - split.
    + apply Qle_bool_real in H1. now rewrite Q2R_zero in H1.
    + apply qless_ok in H0. now rewrite Q2R_one in H0.
  - apply inside_box; auto.
Qed.

Lemma descent_r_holds x w : in_box B x -> allowed c w -> exists v, V x = Some v /\ (L < v \/
  exists y, next c x w = Some y /\ stays B x y /\
    (v < Q2R (residual r) \/ exists u, V y = Some u /\ 0 < (1 - D) * v - u) /\
    (Q2R (residual r) < v \/ in_cube c x) /\
    (Q2R (residual r) < v \/ exists u, V y = Some u /\ u <= Q2R (residual r))).
Proof.
  destruct unpack_r as [q [o [k K]]]. intros X [Wb Wt]. destruct w as [w t]. cbn [fst snd] in *.
  set (none := fun _ : nat => 0). destruct (r_descent _ _ _ K) as [Eo Ho].
  assert (Un : in_range none) by (intros j; unfold none; lra).
  assert (Len : forall x, in_box B x -> length x = length B) by (intros z Z; symmetry; apply (Forall2_length _ _ _ Z)).
  assert (Me : forall x, in_box B x -> meaning c q x w none)
    by (intros z Z; apply (fall_program_ok by_differences); [apply K|apply K|now apply Len]).
  assert (Def : forall z, in_box B z -> exists v, V z = Some v /\ (L < v \/ exists y, next c z (w, t) = Some y /\
    wish_true (values (z ++ w) none (code q)) (settles_wish r q))).
  { intros z Z. apply (guarded_says r q _ o z w t none Eo Ho Un); auto. apply (Me z Z). }
  destruct (Def x X) as [v [Hv S]]. exists v. split; auto. destruct S as [S|[y [Y S]]]; [now left|right].
  destruct S as [[s Fs] [St [Ab [Sm Re]]]]. pose proof (is_placed _ _ _ _ _ (Me x X)) as P.
  assert (Ly : length y = length B).
  { pose proof Y as Y'. unfold next in Y'. apply all_defined_some in Y'. rewrite <- (map_length Some y), <- Y', map_length. apply K. }
  assert (Sy : stays B x y) by (apply (stays_says c q x w t y (Me x X) Y (Len x X) Ly St)).
  destruct (Def y (stays_ok _ _ _ Sy X)) as [v' [Hv' _]].
  pose proof (fall_value _ _ _ _ _ (Me x X) t y v v' s Hv Y Hv' Fs) as Es.
  exists y. split; auto. split; auto. split; [|split].
  - destruct (above_says r q x w none v P Hv Ab) as [?|[s' [Fs' Ps]]]; [now left|right].
    exists v'. split; auto. rewrite Fs in Fs'. inversion Fs'; subst s'. lra.
  - destruct (below_says r q x w none v _ P Hv Sm) as [?|N]; [now left|right].
    apply (near_says c q x w none _ P (Len x X) (r_rest _ _ _ K) (r_cube _ _ _ K) N).
  - destruct (below_says r q x w none v _ P Hv Re) as [?|[a [A Pa]]]; [now left|right]. exists v'. split; auto.
    simpl in A. rewrite (v_value _ _ _ _ _ P), Hv in A. fold none in A. rewrite Fs in A. simpl in A. inversion A; subst a.
    rewrite Q2R_minus, Q2R_one in Pa. lra.
Qed.

Lemma steady_r_holds : D = 0 -> forall x v, set x -> V x = Some v -> Q2R (residual r) <= v ->
  exists d, 0 < d /\ forall z w v y u, set z -> close d x z -> allowed c w ->
    V z = Some v -> Q2R (residual r) <= v -> next c z w = Some y -> V y = Some u -> d <= v - u.
Proof.
  intros D0 x v X Hv Gv. destruct unpack_r as [q [o [k K]]].
  pose proof (value_continuous_of c k (r_scalar _ _ _ K) (r_continuous _ _ _ K)) as Cont.
  destruct (r_jumps _ _ _ K) as [Cp|Cp]; [lra|].
  destruct (scalar_claim_ok c k (r_scalar _ _ _ K)) as [_ [_ [_ [_ Nxt]]]]. pose proof (r_levels _ _ _ K) as Lv. clear K.
  set (none := fun (_ _ : nat) => 0).
  assert (Step : forall z w y v, set z -> allowed c w -> V z = Some v -> next c z w = Some y -> in_box B y /\
    (Q2R (residual r) <= v -> exists u, V y = Some u /\ u < v)).
  { intros z w y v0 [Zb [a [Ha La]]] A Hz Y. destruct (descent_r_holds z w Zb A) as [b [Hb S]].
    rewrite Hz in Hb, Ha. inversion Hb; inversion Ha; subst b a.
    destruct S as [S|[y' [Y' [St [S _]]]]]; [lra|]. rewrite Y in Y'. inversion Y'; subst y'.
    split; [now apply (stays_ok _ z)|]. intros G. destruct S as [S|[u [Hu S]]]; [lra|]. exists u. split; auto. rewrite D0 in S. lra. }
  destruct (compact (others c) (fun d w => forall t z v y u, set z -> close d x z -> proper t ->
    V z = Some v -> Q2R (residual r) <= v -> next c z (w, t) = Some y -> V y = Some u -> d <= v - u)) as [d [Pd H]].
  - intros d e w Le P t z v0 y u Z Cl T Hz G Y Hu. specialize (P t z v0 y u Z).
    assert (d <= v0 - u); [|lra]. apply P; auto. eapply close_more; [|exact Cl]. lra.
  - intros w W. assert (A : allowed c (w, none)) by (split; [exact W|intros ? ?; unfold none; simpl; lra]).
    destruct (descent_r_holds x (w, none) (proj1 X) A) as [b [Hb S]]. rewrite Hv in Hb. inversion Hb; subst b.
    destruct S as [S|[y [Y _]]]. { destruct X as [_ [a [Ha La]]]. rewrite Hv in Ha. inversion Ha. lra. }
    destruct (Step x (w, none) y v X A Hv Y) as [By Fy]. destruct (Fy Gv) as [u [Hu Lt]].
    assert (exists gap, gap = v - u /\ 0 < gap) as [gap [Eg G]] by (exists (v - u); lra).
    destruct (Cont x v (proj1 X) Hv (gap / 4)) as [d1 [D1 K1]]; [lra|].
    destruct (Cont y u By Hu (gap / 4)) as [d2 [D2 K2]]; [lra|].
    assert (Y' := Y). rewrite (Nxt x (w, none) (fun _ => 0)) in Y'. apply all_defined_some in Y'. cbn [fst] in Y'.
    destruct (all_continuous (x ++ w) (fun _ => 0) _ _ Cp y Y' d2 D2) as [d3 [D3 K3]].
    assert (exists d, d = Rmin (gap / 4) (Rmin d1 d3)) as [d Ed] by eauto.
    pose proof (Rmin_l (gap / 4) (Rmin d1 d3)). pose proof (Rmin_r (gap / 4) (Rmin d1 d3)).
    pose proof (Rmin_l d1 d3). pose proof (Rmin_r d1 d3). rewrite <- Ed in *.
    exists d. split; [rewrite Ed; repeat apply Rmin_glb_lt; lra|].
    intros w' W' Cw t z v' y' u' Z Cz T Hv' Gv' Hy' Hu'.
    assert (A' : allowed c (w', t)) by (split; auto).
    assert (Rabs (v' - v) < gap / 4) as Q1.
    { apply (K1 z); auto; [apply Z|]. eapply close_more; [|exact Cz]. lra. }
    assert (Rabs (u' - u) < gap / 4) as Q2.
    { apply (K2 y'); auto; [apply (Step z (w', t) y' v'); auto|].
      rewrite (Nxt z (w', t) (fun _ => 0)) in Hy'. apply all_defined_some in Hy'.
      apply (K3 (z ++ w')); auto. apply close_app; eapply close_more; [|exact Cz| |exact Cw]; lra. }
    apply Rabs_def2 in Q1. apply Rabs_def2 in Q2. lra.
  - exists d. split; auto. intros z [w t] v0 y u Z Cz [Wb Wt]. now apply (H w Wb t z v0 y u).
Qed.

Lemma residual_conditions_hold : DiscreteTime.residual_conditions variation (allowed c) B (next c) V L (Q2R (residual r)) D (in_cube c).
Proof.
  pose proof steady_r_holds. pose proof descent_r_holds. destruct unpack_r as [q [o [k K]]].
  constructor; auto; try apply K. exact (value_continuous_of c k (r_scalar _ _ _ K) (r_continuous _ _ _ K)).
Qed.

Theorem settling_if_hold : settling_steps r.
Proof.
  pose proof residual_conditions_hold as C. constructor.
  - intros x w X A. destruct (DiscreteTime.goes_on_r _ _ _ _ _ _ _ _ _ C x w X A) as [y Y]. exists y. split; auto.
    destruct (proj2 X) as [v [Hv _]].
    destruct (residual_step _ _ _ _ _ _ _ _ _ C x w y v X A Y Hv) as [By [_ [u [Hu [Lu _]]]]]. split; eauto.
  - exact (DiscreteTime.stays_r _ _ _ _ _ _ _ _ _ C).
  - exact (DiscreteTime.core_is_reached _ _ _ _ _ _ _ _ _ C).
  - intros x w j k. exact (DiscreteTime.core_is_kept _ _ _ _ _ _ _ _ _ C x w j k).
  - exact (DiscreteTime.core_is_small _ _ _ _ _ _ _ _ _ C).
  - destruct unpack_r as [q [o [k K]]]. split; [apply K|]. now apply centre_says, (r_centre _ _ _ K).
Qed.
End Discrete.

(** ** T-RES-C *)
Section Flow.
Variables (r : residual_claim) (l : list obligation).
Notation c := (around r).
Notation B := (bounds c).
Notation V := (value c).
Notation L := (Q2R (level c)).
Notation D := (Q2R (decay c)).
Notation set := (in_set B V L).
Hypothesis made : residual_flow_obligations r = Some l.
Hypothesis proved : forall o, In o l -> holds o.

Record known_f (q : fall_program) (o : obligation) (faces : list obligation) (k : scalar_claim) : Prop := KnownF
  { g_program : flow_program_of c = Some q;
    g_descent : guarded_obligation r q (flow_wish r q) = Some o /\ holds o;
    g_centre : holds (centre_obligation r);
    g_faces : face_obligations c = Some faces /\ forall p, In p faces -> holds p;
    g_scalar : scalar_claim_of c = Some k;
    g_continuous : forallb continuous_operation (value_program k) = true;
    g_jumps : 0 < D \/ forallb continuous_operation (code q) = true;
    g_rate : 0 <= D;
    g_levels : 0 < Q2R (residual r) < L;
    g_inside : in_box B (equilibrium c);
    g_rest : length (rest c) = length B;
    g_cube : length (cube c) = length B;
    g_outputs : length (outputs c) = length B }.
Lemma unpack_f : exists q o faces k, known_f q o faces k.
Proof.
  unfold residual_flow_obligations in made. destruct (flow_program_of c) as [q|] eqn:Q; [|discriminate].
  destruct (flow_acceptable c q && levels_apart r) eqn:A0; [|discriminate].
  apply andb_prop in A0; destruct A0 as [A Lv]. apply levels_ok in Lv.
  destruct (guarded_obligation r q _) as [o|] eqn:O; [|discriminate].
  destruct (face_obligations c) as [faces|] eqn:F; [|discriminate]. injection made as E.
  unfold flow_acceptable in A. rewrite !andb_true_iff in A. destruct A as [[[[[A H4] H3] H2] H1] H0].
  destruct (scalar_claim_of c) as [k|] eqn:K; [|discriminate].
  unfold well_formed in A. rewrite !andb_true_iff in A. destruct A as [[Lo%Nat.eqb_eq Lr%Nat.eqb_eq] Lc%Nat.eqb_eq].
  exists q, o, faces, k. constructor; auto.
  - split; auto. apply proved. rewrite <- E. now left.
  - apply proved. rewrite <- E. right. now left.
  - split; auto. intros p I. apply proved. rewrite <- E. right. now right.
  - apply orb_prop in H1. destruct H1 as [H1|H1]; [left|now right]. apply qless_ok in H1. now rewrite Q2R_zero in H1.
  - apply Qle_bool_real in H3. now rewrite Q2R_zero in H3.
  - apply inside_box; auto.
Qed.

(** What the obligation says of a point, for every choice. *)
Lemma flow_here q o faces k x w t u : known_f q o faces k -> in_range u -> in_box B x -> in_box (others c) w ->
  placed c q x w u /\ exists v, V x = Some v /\ (L < v \/ exists y, next c x (w, t) = Some y /\
    (v < Q2R (residual r) \/ exists s, get (values (x ++ w) u (code q)) (fall_at q) = Some s /\ 0 < s) /\
    (Q2R (residual r) < v \/ in_cube c x)).
Proof.
  intros K U X W. assert (Lx : length x = length B) by (symmetry; apply (Forall2_length _ _ _ X)).
  pose proof (flow_placed c q (g_program _ _ _ _ K) (g_outputs _ _ _ _ K) x w u Lx) as P. split; auto.
  destruct (g_descent _ _ _ _ K) as [Eo Ho].
  destruct (guarded_says r q _ o x w t u Eo Ho U P X W) as [v [Hv S]]. exists v. split; auto.
  destruct S as [S|[y [Y [Ab Sm]]]]; [now left|right]. exists y. split; auto. split.
  - now apply (above_says r q x w u v P).
  - destruct (below_says r q x w u v _ P Hv Sm) as [?|N]; [now left|right].
    apply (near_says c q x w u _ P Lx (g_rest _ _ _ _ K) (g_cube _ _ _ _ K) N).
Qed.
(** For every choice V falls, above the residual level. *)
Lemma flow_falls q o faces k x w u v : known_f q o faces k -> in_range u -> set x -> in_box (others c) w ->
  V x = Some v -> Q2R (residual r) <= v -> exists s, get (values (x ++ w) u (code q)) (fall_at q) = Some s /\ 0 < s.
Proof.
  intros K U [X [v' [V' Lv]]] W Hv G. destruct (flow_here _ _ _ _ x w (fun _ _ => 0) u K U X W) as [_ [a [Ha S]]].
  rewrite Hv in V', Ha. inversion V'; inversion Ha; subst v' a. destruct S as [S|[y [_ [[S|S] _]]]]; try lra. exact S.
Qed.

Lemma flow_steady_r : falls_steadily variation (allowed c) B (next c) V L D (fun x => forall v, V x = Some v -> Q2R (residual r) <= v).
Proof.
  intros D0 x X N. destruct unpack_f as [q [o [faces [k K]]]].
  destruct (g_jumps _ _ _ _ K) as [Cp|Cp]; [lra|].
  destruct (proj2 X) as [v [Hv Lv]]. specialize (N v Hv).
  set (none := fun _ : nat => 0). assert (Un : in_range none) by (intros j; unfold none; lra).
  destruct (compact (others c) (fun d w => forall t z y, set z -> (forall v, V z = Some v -> Q2R (residual r) <= v) ->
    close d x z -> proper t -> next c z (w, t) = Some y -> slopes_below V z y (- d))) as [d [Pd H]].
  - intros d e w0 Le P t z y Z G Cl T Y. assert (S : slopes_below V z y (- d)).
    { apply (P t z y); auto. eapply close_more; [|exact Cl]. lra. }
    eapply slopes_below_more; [|exact S]. lra.
  - intros w W. destruct (flow_falls _ _ _ _ x w none v K Un X W Hv N) as [s [F Ps]].
    destruct (values_continuous (x ++ w) none _ Cp _ s F (s / 2)) as [d [Pd H]]; [lra|].
    exists (Rmin d (s / 2)). split; [apply Rmin_glb_lt; lra|]. intros w' Cw Cl t z y' Z G Cz T Y'.
    pose proof (Rmin_l d (s / 2)). pose proof (Rmin_r d (s / 2)).
    destruct (proj2 Z) as [v' [Hv' _]]. specialize (G v' Hv').
    assert (Sl : slopes_below V z y' (- (D * v') - s / 2)).
    { apply (flow_slopes c q (g_program _ _ _ _ K) (g_outputs _ _ _ _ K) z w' t y' v' (s / 2)); auto.
      - symmetry. apply (Forall2_length _ _ _ (proj1 Z)).
      - intros u U. destruct (flow_falls _ _ _ _ z w' u v' K U Z Cw Hv' G) as [s2 [F2 P2]]. exists s2. split; auto.
        assert (Rabs (s2 - s) < s / 2); [|apply Rabs_def2 in H2; lra].
        apply (H (z ++ w')).
        + apply Forall2_app; eapply close_more; try exact Cz; try exact Cl; auto.
        + rewrite (settled_values (z ++ w') none u _ Cp). exact F2. }
    rewrite D0 in Sl. eapply slopes_below_more; [|exact Sl]. lra.
  - exists d. split; auto. intros z [w t] y Z G Cz [W T] Y. now apply (H w W t z y).
Qed.

Lemma residual_flow_conditions : ContinuousSets.residual_conditions variation (allowed c) B (next c) V L (Q2R (residual r)) D (in_cube c).
Proof.
  pose proof flow_steady_r as Steady. destruct unpack_f as [q [o [faces [k K]]]]. constructor; auto; try apply K.
  - exact (value_continuous_of c k (g_scalar _ _ _ _ K) (g_continuous _ _ _ _ K)).
  - intros x [w t] X [W T]. cbn [fst] in W. assert (U0 : in_range (fun _ : nat => 0)) by (intros j; lra).
    destruct (flow_here _ _ _ _ x w t _ K U0 X W) as [_ [v [Hv S]]]. exists v. split; auto.
    destruct S as [S|[y [Y [_ Sm]]]]; [now left|]. destruct (Rlt_or_le L v) as [G|G]; [now left|right].
    exists y. split; auto. split; auto. destruct (Rlt_or_le v (Q2R (residual r))) as [N|N]; [now left|right].
    exists v. split; auto. replace (- (D * v)) with (- (D * v) - 0) by ring.
    apply (flow_slopes c q (g_program _ _ _ _ K) (g_outputs _ _ _ _ K) x w t y v 0); auto.
    + symmetry. apply (Forall2_length _ _ _ X).
    + intros u U. destruct (flow_falls _ _ _ _ x w u v K U) as [s [F P]]; auto; [split; eauto|]. exists s. split; auto.
  - destruct (g_faces _ _ _ _ K) as [Ef Hf]. apply (faces_inward c (g_outputs _ _ _ _ K) faces Ef Hf).
Qed.

Theorem settling_flow_if_hold : settling_flow r.
Proof.
  pose proof residual_flow_conditions as C. constructor.
  - exact (ContinuousSets.stays_r _ _ _ _ _ _ _ _ _ C).
  - exact (ContinuousSets.core_is_reached _ _ _ _ _ _ _ _ _ C).
  - intros T x w s S P X t Ht. exact (ContinuousSets.core_is_kept _ _ _ _ _ _ _ _ _ C T x w s S P X t Ht).
  - exact (ContinuousSets.core_is_small _ _ _ _ _ _ _ _ _ C).
  - destruct unpack_f as [q [o [faces [k K]]]]. split; [apply K|]. now apply centre_says, (g_centre _ _ _ _ K).
Qed.
End Flow.
