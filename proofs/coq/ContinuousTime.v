(** T-STAB-C: from the conditions of its obligations to solutions.

    In words: [proofs/theory/T-STAB-C.md].  Every solution on an interval of time is spoken of; that
    there is one for all times is proved in words only. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Classical.
From Coquelicot Require Import Coquelicot.
From Certify Require Import Language Compact Theorems Stability Curves Invariance.
Import ListNotations.
Local Open Scope R_scope.

Section Continuous.
Variable W : Type.
Variable allowed : W -> Prop.
Variable domain : list (Q * Q).
Variable f : list R -> W -> option (list R).
Notation solution := (solution W allowed f).
Notation inward := (inward W allowed domain f).

(** A function of the state that falls where it is large. *)
Section Lyapunov.
Variable V : list R -> option R.
Variables level decay : R.
Notation set := (in_set domain V level).

(** [dV/dt + decay V < 0] at [x] along [y], whatever the generalised derivative at kinks. *)
Definition decreases_along (x y : list R) : Prop :=
  exists v, V x = Some v /\ slopes_below V x y (- (decay * v)).

(** Without a decay rate: the slope is bounded away from 0 around every point. *)
Definition falls_steadily (where_ : list R -> Prop) : Prop := decay = 0 -> forall x, set x -> where_ x ->
  exists d, 0 < d /\ forall z w y, set z -> where_ z -> close d x z -> allowed w -> f z w = Some y ->
    slopes_below V z y (- d).

Lemma slopes_below_more (g : list R -> option R) x y s r : s <= r -> slopes_below g x y s ->
  slopes_below g x y r.
Proof. intros L H c K. destruct (H c K) as [l [A B]]. exists l. split; auto. lra. Qed.
Lemma decays_down x y v : 0 <= decay -> decreases_along x y -> V x = Some v -> 0 <= v ->
  slopes_below V x y 0.
Proof.
  intros D [v' [E H]] Hv P. rewrite Hv in E. inversion E; subst v'.
  eapply slopes_below_more; [|exact H]. nra.
Qed.

(** If V decreases where it is at least [c >= 0], it falls to [c] exponentially. *)
Lemma falls_exponentially c x w T v0 : continuous_in domain V -> 0 <= decay -> 0 <= c ->
  solution T x w -> (forall t, 0 <= t < T -> set (x t)) -> V (x 0) = Some v0 ->
  (forall t y v, 0 <= t < T -> f (x t) (w t) = Some y -> V (x t) = Some v -> c <= v -> 0 < v ->
    decreases_along (x t) y) ->
  forall t v, 0 <= t < T -> V (x t) = Some v -> v <= Rmax c (exp (- (decay * t)) * v0).
Proof.
  intros Co Dr Pc Sol In V0 Fall t v Ht Hv.
  assert (K : forall M, v0 < M -> 0 < M -> v <= Rmax c (exp (- (decay * t)) * M)).
  { intros M Mv M0. set (b := fun t => exp (- (decay * t)) * M).
    apply (stays_below_bound W allowed domain f V b (fun t => - (decay * b t)) c Co) with (x := x) (w := w) (T := T);
      auto.
    - intros s _. unfold b. auto_derive; auto. ring.
    - intros s Hs. destruct (In s Hs) as [B [u [Hu _]]]. eauto.
    - intros s y u Hs Y Hu. assert (Pb : 0 < b s) by (unfold b; pose proof (exp_pos (- (decay * s))); nra).
      split.
      + intros -> L. apply (decays_down _ _ c); auto. apply (Fall s y c); auto; lra.
      + intros -> L. destruct (Fall s y (b s) Hs Y Hu L Pb) as [u' [E H]].
        rewrite Hu in E. inversion E; subst u'. exact H.
    - intros u Hu. rewrite V0 in Hu. inversion Hu; subst u. unfold b.
      replace (- (decay * 0)) with 0 by ring. rewrite exp_0, Rmult_1_l.
      pose proof (Rmax_r c M). lra. }
  apply Rnot_lt_le. intros G. set (e := exp (- (decay * t))) in *.
  assert (E : 0 < e) by apply exp_pos. set (gap := v - Rmax c (e * v0)) in *.
  assert (0 < gap) by (unfold gap; lra).
  assert (Gc : c < v) by (pose proof (Rmax_l c (e * v0)); lra).
  destruct (Rle_or_lt 0 v0) as [P|P].
  - specialize (K (v0 + gap / (2 * e))). assert (0 < gap / (2 * e)) by (apply Rdiv_lt_0_compat; lra).
    specialize (K ltac:(lra) ltac:(lra)).
    replace (e * (v0 + gap / (2 * e))) with (e * v0 + gap / 2) in K by (field; lra).
    pose proof (Rmax_r c (e * v0)). unfold Rmax in K. destruct Rle_dec; unfold gap in *; lra.
  - assert (Pv : 0 < v) by lra. specialize (K (v / (2 * e))).
    assert (0 < v / (2 * e)) by (apply Rdiv_lt_0_compat; lra). specialize (K ltac:(lra) ltac:(lra)).
    replace (e * (v / (2 * e))) with (v / 2) in K by (field; lra).
    unfold Rmax in K. destruct Rle_dec; lra.
Qed.

(** Then it does not stay above [c]. *)
Lemma becomes_at_most c x w : continuous_in domain V -> 0 <= decay -> 0 < c ->
  (forall x, in_box domain x -> exists v, V x = Some v) ->
  (forall T, solution T x w) -> (forall t, 0 <= t -> set (x t)) ->
  (forall t y v, 0 <= t -> f (x t) (w t) = Some y -> V (x t) = Some v -> c <= v ->
    decreases_along (x t) y) ->
  falls_steadily (fun x => forall v, V x = Some v -> c <= v) ->
  exists t v, 0 <= t /\ V (x t) = Some v /\ v <= c.
Proof.
  intros Co Dr Pc Ev Sol In Fall Steady.
  destruct (In 0 (Rle_refl 0)) as [_ [v0 [V0 L0]]].
  destruct (Req_dec decay 0) as [D0|D0].
  - destruct (compact domain (fun d z => forall w y v, set z -> allowed w -> f z w = Some y ->
      V z = Some v -> c <= v -> slopes_below V z y (- d))) as [eta [E H]].
    + intros d e z L P u y v Z A Y Hv G. eapply slopes_below_more; [|apply (P u y v); auto]. lra.
    + intros z Z. destruct (Ev z Z) as [v Hv].
      destruct (Rlt_or_le level v) as [G|G].
      { destruct (Co z v Z Hv (v - level)) as [d [D K]]; [lra|]. exists d. split; auto.
        intros a A L u y v' [_ [q [Hq Lq]]] _ _ _ _. specialize (K a q A L Hq). apply Rabs_def2 in K. lra. }
      destruct (Rlt_or_le v c) as [Lc|Lc].
      { destruct (Co z v Z Hv (c - v)) as [d [D K]]; [lra|]. exists d. split; auto.
        intros a A L u y v' _ _ _ Hv' Gv. specialize (K a v' A L Hv'). apply Rabs_def2 in K. lra. }
      destruct (Steady D0 z) as [d [D K]].
      { split; eauto. }
      { intros v' Hv'. rewrite Hv in Hv'. inversion Hv'. lra. }
      exists d. split; auto. intros a A L u y v' Sa Au Y Ha Ga. apply (K a u y); auto.
      intros v2 Hv2. rewrite Ha in Hv2. inversion Hv2. lra.
    + set (b := fun t => v0 - eta * t). set (t := Rmax 0 (v0 / eta)).
      assert (Pt : 0 <= t) by apply Rmax_l.
      destruct (In t Pt) as [_ [v [Hv _]]]. exists t, v. split; auto. split; auto.
      assert (v <= Rmax c (b t)) as L.
      { apply (stays_below_bound W allowed domain f V b (fun _ => - eta) c Co) with (x := x) (w := w) (T := t + 1);
          auto; try lra.
        - intros s _. unfold b. auto_derive; auto. ring.
        - intros s Hs. destruct (In s ltac:(lra)) as [B [u [Hu _]]]. eauto.
        - intros s y u Hs Y Hu. split; intros; subst u.
          + apply (decays_down _ _ c); auto; [|lra]. apply (Fall s y c); auto; lra.
          + apply (H (x s) (proj1 (In s ltac:(lra))) (w s) y (b s)); auto; [apply In; lra|].
            apply (Sol (s + 1) s). lra.
        - intros u Hu. rewrite V0 in Hu. inversion Hu; subst u. unfold b. rewrite Rmult_0_r, Rminus_0_r.
          apply Rmax_r. }
      assert (b t <= 0).
      { unfold b. assert (v0 / eta <= t) by apply Rmax_r.
        apply (Rmult_le_compat_r eta) in H0; [|lra]. unfold Rdiv in H0.
        rewrite Rmult_assoc, Rinv_l in H0; lra. }
      rewrite Rmax_left in L by lra. exact L.
  - set (t := Rmax 0 (v0 / (c * decay))). assert (Pt : 0 <= t) by apply Rmax_l.
    destruct (In t Pt) as [_ [v [Hv _]]]. exists t, v. split; auto. split; auto.
    assert (L : v <= Rmax c (exp (- (decay * t)) * v0)).
    { apply (falls_exponentially c x w (t + 1) v0 Co); auto; try lra.
      - intros s Hs. apply In. lra.
      - intros s y u Hs Y Hu G _. apply (Fall s y u); auto; lra. }
    assert (exp (- (decay * t)) * v0 <= c); [|rewrite Rmax_left in L; auto].
    destruct (Rle_or_lt v0 0) as [N|P].
    { pose proof (exp_pos (- (decay * t))). nra. }
    assert (E : 1 + decay * t <= exp (decay * t)).
    { destruct (Req_dec (decay * t) 0) as [->|N]; [rewrite exp_0; lra|].
      apply Rlt_le, exp_ineq1. exact N. }
    rewrite exp_Ropp. assert (v0 <= c * (decay * t)).
    { assert (v0 / (c * decay) <= t) by apply Rmax_r. assert (0 < c * decay) by nra.
      apply (Rmult_le_compat_r (c * decay)) in H; [|lra]. unfold Rdiv in H.
      rewrite Rmult_assoc, Rinv_l in H; lra. }
    pose proof (exp_pos (decay * t)). apply (Rmult_le_reg_l (exp (decay * t))); auto.
    rewrite <- Rmult_assoc, Rinv_r, Rmult_1_l by lra. nra.
Qed.
End Lyapunov.

(** ** T-STAB-C *)
Section Stable.
Variable V : list R -> option R.
Variables level decay : R.
Variable rest : list R.
Variable near : list R -> Prop.
Notation set := (in_set domain V level).
Notation decreases_along := (decreases_along V decay).

Record stability_conditions : Prop := StabilityConditions
  { rate : 0 <= decay;
    positive_level : 0 < level;
    is_continuous : continuous_in domain V;
    is_inside : interior domain rest;
    (* obligation [descent] *)
    descent_c : forall x w, in_box domain x -> allowed w -> exists v, V x = Some v /\ (level < v \/
      exists y, f x w = Some y /\ (near x \/ 0 < v /\ decreases_along x y));
    (* obligations [ray]: in the cube, off the equilibrium *)
    rays_c : forall x y w, set x -> allowed w -> near x -> x <> rest -> f x w = Some y ->
      exists v, V x = Some v /\ 0 < v /\ decreases_along x y;
    (* obligations [face] *)
    faces_c : inward V level;
    (* exact arithmetic *)
    zero_at_rest : forall v, V rest = Some v -> v = 0;
    (* without a decay rate *)
    steady_c : falls_steadily V level decay (fun x => x <> rest) }.

Hypothesis C : stability_conditions.

Section Somewhere.
Variable some_w : W.
Hypothesis some_allowed : allowed some_w.
Lemma everywhere_c x : in_box domain x -> exists v, V x = Some v.
Proof. intros X. destruct (descent_c C x some_w X some_allowed) as [v [Hv _]]. eauto. Qed.
Lemma rest_value_c : V rest = Some 0.
Proof.
  destruct (is_inside C) as [d [D H]]. destruct (everywhere_c rest) as [v Hv].
  - apply H. now apply close_refl.
  - rewrite Hv. f_equal. now apply (zero_at_rest C).
Qed.
Lemma falls_c x w y v : set x -> allowed w -> f x w = Some y -> V x = Some v -> x <> rest ->
  0 < v /\ decreases_along x y.
Proof.
  intros X A Y Hv N. destruct (descent_c C x w (proj1 X) A) as [v' [Hv' K]].
  rewrite Hv in Hv'. inversion Hv'; subst v'. destruct X as [B [u [Hu L]]].
  rewrite Hv in Hu. inversion Hu; subst u. destruct K as [K|[y' [Y' K]]]; [lra|].
  rewrite Y in Y'. inversion Y'; subst y'. destruct K as [K|K]; auto.
  destruct (rays_c C x y w) as [u [Eu K']]; auto.
  - split; eauto.
  - rewrite Hv in Eu. inversion Eu; subst u. exact K'.
Qed.
Lemma positive_c x v : set x -> x <> rest -> V x = Some v -> 0 < v.
Proof.
  intros X N Hv. destruct (descent_c C x some_w (proj1 X) some_allowed) as [v' [Hv' K]].
  destruct X as [B [u [Hu L]]]. rewrite Hv in Hv', Hu. inversion Hv'; inversion Hu; subst v' u.
  destruct K as [K|[y [Y _]]]; [lra|]. destruct (falls_c x some_w y v); auto. split; eauto.
Qed.
Lemma nonnegative_c x v : set x -> V x = Some v -> 0 <= v.
Proof.
  intros X Hv. destruct (classic (x = rest)) as [->|N].
  - rewrite rest_value_c in Hv. inversion Hv. lra.
  - apply Rlt_le. eauto using positive_c.
Qed.
(** Each smaller level set is invariant, too. *)
Lemma stays_below_c c x w T : 0 < c <= level -> solution T x w -> in_set domain V c (x 0) ->
  forall t, 0 <= t < T -> in_set domain V c (x t).
Proof.
  intros [P L] Sol X. assert (Sub : forall z, in_set domain V c z -> set z).
  { intros z [B [v [Hv Lv]]]. split; auto. exists v. split; auto. lra. }
  apply stays_below with (W := W) (allowed := allowed) (f := f) (w := w); auto.
  - exact everywhere_c.
  - exact (is_continuous C).
  - intros z u y i b Z. apply (faces_c C z u y i b). now apply Sub.
  - intros z u y Z A Y Hc. assert (N : z <> rest).
    { intros ->. rewrite rest_value_c in Hc. inversion Hc. lra. }
    destruct (falls_c z u y c) as [_ D]; auto; [split; eauto; exists c; split; auto; lra|].
    apply (decays_down V decay z y c); auto; [exact (rate C)|lra].
Qed.
End Somewhere.

Variable T : R.
Variable x : R -> list R.
Variable w : R -> W.
Hypothesis Sol : solution T x w.
Hypothesis X : set (x 0).

(** T-STAB-C, 1: solutions stay in the set. *)
Theorem stays_c t : 0 <= t < T -> set (x t).
Proof.
  intros Ht. assert (A : allowed (w 0)) by (apply (Sol 0); lra).
  apply (stays_below_c (w 0) A level x w T); auto. pose proof (positive_level C). lra.
Qed.

(** T-STAB-C, 2. *)
Theorem decays_c v0 : V (x 0) = Some v0 -> forall t, 0 <= t < T ->
  exists v, V (x t) = Some v /\ 0 <= v <= exp (- (decay * t)) * v0.
Proof.
  intros V0 t Ht. assert (A : allowed (w 0)) by (apply (Sol 0); lra).
  destruct (proj2 (stays_c t Ht)) as [v [Hv _]]. exists v. split; auto.
  split; [exact (nonnegative_c (w 0) A (x t) v (stays_c t Ht) Hv)|].
  assert (L : v <= Rmax 0 (exp (- (decay * t)) * v0)).
  { apply (falls_exponentially V level decay 0 x w T v0 (is_continuous C) (rate C) (Rle_refl 0) Sol stays_c V0);
      auto.
    intros s y u Hs Y Hu _ P. apply (falls_c (x s) (w s) y u); auto.
    - now apply stays_c.
    - now apply Sol.
    - intros E. rewrite E, (rest_value_c (w 0) A) in Hu. inversion Hu. lra. }
  pose proof (nonnegative_c (w 0) A (x 0) v0 X V0). pose proof (exp_pos (- (decay * t))).
  rewrite Rmax_right in L by nra. exact L.
Qed.
(** T-STAB-C, 2: strictly, while the solution is off the equilibrium. *)
Theorem decreases_c s t : 0 <= s < t -> t < T -> x s <> rest -> forall v u,
  V (x s) = Some v -> V (x t) = Some u -> u < v.
Proof.
  intros Hs Ht N v u Hv Hu. assert (A : allowed (w s)) by (apply (Sol s); lra).
  destruct (Sol s ltac:(lra)) as [_ [_ [y [Y K]]]].
  destruct (falls_c (x s) (w s) y v (stays_c s ltac:(lra)) A Y Hv N) as [P D].
  destruct (decays_down V decay (x s) y v (rate C) D Hv ltac:(lra) _ K) as [l [Rs Lt]].
  assert (V' : V (x (s + 0)) = Some v) by now rewrite Rplus_0_r.
  destruct (rises_value _ _ _ Rs V') as [k [e [E [K0 [Hk Sk]]]]].
  destruct (right_slope_down _ _ Sk Lt) as [q [Pq Down]].
  set (h := Rmin (t - s) (Rmin e q) / 2). assert (Ph : 0 < h /\ h < t - s /\ h < e /\ h < q).
  { unfold h. pose proof (Rmin_l (t - s) (Rmin e q)). pose proof (Rmin_r (t - s) (Rmin e q)).
    pose proof (Rmin_l e q). pose proof (Rmin_r e q).
    assert (0 < Rmin (t - s) (Rmin e q)) by (repeat apply Rmin_glb_lt; lra). lra. }
  clearbody h. specialize (Down h ltac:(lra)). rewrite K0 in Down.
  pose proof (later_solution _ _ _ _ _ _ (s + h) Sol ltac:(lra)) as Later.
  assert (X' : set (x (s + h + 0))) by (rewrite Rplus_0_r; apply stays_c; lra).
  assert (A' : allowed (w (s + h))) by (apply (Sol (s + h)); lra).
  pose proof (stays_below_c (w s) A) as Inv.
  destruct (Rle_or_lt (k h) 0) as [Z|Z].
  - pose proof (nonnegative_c (w s) A (x (s + h)) (k h) (stays_c (s + h) ltac:(lra)) (Hk h ltac:(lra))).
    destruct (Inv (v / 2) (fun r => x (s + h + r)) (fun r => w (s + h + r)) (T - (s + h))) with (t := t - (s + h))
      as [_ [u' [Hu' L]]]; auto; try lra.
    + split; [lra|]. destruct (stays_c s ltac:(lra)) as [_ [v' [Hv' L]]].
      rewrite Hv in Hv'. inversion Hv'; subst v'. lra.
    + split; [apply X'|]. exists (k h). rewrite Rplus_0_r. split; [apply Hk; lra|lra].
    + replace (s + h + (t - (s + h))) with t in Hu' by ring. rewrite Hu in Hu'. inversion Hu'. lra.
  - destruct (Inv (k h) (fun r => x (s + h + r)) (fun r => w (s + h + r)) (T - (s + h))) with (t := t - (s + h))
      as [_ [u' [Hu' L]]]; auto; try lra.
    + split; [lra|]. destruct (stays_c s ltac:(lra)) as [_ [v' [Hv' L]]].
      rewrite Hv in Hv'. inversion Hv'; subst v'. lra.
    + split; [apply X'|]. exists (k h). rewrite Rplus_0_r. split; [apply Hk; lra|lra].
    + replace (s + h + (t - (s + h))) with t in Hu' by ring. rewrite Hu in Hu'. inversion Hu'. lra.
Qed.
End Stable.

(** T-STAB-C, 3: solutions for all times converge to the equilibrium. *)
Theorem converges_c V level decay rest near : stability_conditions V level decay rest near ->
  forall x w, (forall T, solution T x w) -> in_set domain V level (x 0) ->
  forall eps, 0 < eps -> exists t0, forall t, t0 <= t -> close eps rest (x t).
Proof.
  intros C x w Sol X eps E. assert (A : allowed (w 0)) by (apply (Sol 1 0); lra).
  assert (In : forall t, 0 <= t -> in_set domain V level (x t)).
  { intros t Ht. apply (stays_c V level decay rest near C (t + 1) x w); auto. lra. }
  destruct (positive_away domain V level rest (everywhere_c _ _ _ _ _ C _ A) (is_continuous _ _ _ _ _ C)
    (positive_c _ _ _ _ _ C _ A) eps E) as [mu [M H]].
  set (c := Rmin (mu / 2) level).
  pose proof (positive_level _ _ _ _ _ C). pose proof (Rmin_l (mu / 2) level) as C1.
  pose proof (Rmin_r (mu / 2) level) as C2. assert (C0 : 0 < c) by (apply Rmin_glb_lt; lra). fold c in C1, C2.
  assert (Off : forall z v, V z = Some v -> c <= v -> z <> rest).
  { intros z v Hv L ->. rewrite (rest_value_c _ _ _ _ _ C _ A) in Hv. inversion Hv. lra. }
  destruct (becomes_at_most V level decay c x w (is_continuous _ _ _ _ _ C) (rate _ _ _ _ _ C) C0
    (everywhere_c _ _ _ _ _ C _ A) Sol In) as [t0 [v [T0 [Hv L]]]].
  - intros t y v Ht Y Hv L. apply (falls_c _ _ _ _ _ C (x t) (w t) y v); eauto.
    apply (Sol (t + 1) t). lra.
  - intros D0 z Z Far. destruct (proj2 Z) as [v [Hv _]].
    destruct (steady_c _ _ _ _ _ C D0 z Z) as [d [Pd K]]; [apply (Off z v Hv); now apply Far|].
    exists d. split; auto. intros a u y Sa G. apply (K a u y Sa).
    destruct (proj2 Sa) as [v' [Hv' _]]. apply (Off a v' Hv'). now apply G.
  - exists t0. intros t Ht. apply NNPP. intros N.
    destruct (stays_below_c _ _ _ _ _ C _ A c (fun r => x (t0 + r)) (fun r => w (t0 + r)) (t + 1 - t0))
      with (t := t - t0) as [_ [u [Hu Lu]]]; try lra.
    + apply later_solution; auto.
    + split; [rewrite Rplus_0_r; now apply In|]. exists v. rewrite Rplus_0_r. auto.
    + replace (t0 + (t - t0)) with t in Hu by ring.
      pose proof (H (x t) u (In t ltac:(lra)) Hu N). lra.
Qed.

(** T-STAB-C, 4: the equilibrium is stable, and the set contains a neighbourhood of it. *)
Theorem stable_c V level decay rest near : stability_conditions V level decay rest near ->
  forall eps, 0 < eps -> exists d, 0 < d /\ forall T x w, solution T x w -> close d rest (x 0) ->
  0 < T -> in_set domain V level (x 0) /\ forall t, 0 <= t < T -> close eps rest (x t).
Proof.
  intros C eps E. destruct (classic (exists w, allowed w)) as [[w0 A]|N].
  2:{ exists 1. split; [lra|]. intros T x w Sol _ P. elim N. exists (w 0). apply (Sol 0). lra. }
  destruct (positive_away domain V level rest (everywhere_c _ _ _ _ _ C _ A) (is_continuous _ _ _ _ _ C)
    (positive_c _ _ _ _ _ C _ A) eps E) as [mu [M H]].
  set (c := Rmin (mu / 2) level).
  pose proof (positive_level _ _ _ _ _ C). pose proof (Rmin_l (mu / 2) level) as C1.
  pose proof (Rmin_r (mu / 2) level) as C2. assert (C0 : 0 < c) by (apply Rmin_glb_lt; lra). fold c in C1, C2.
  destruct (small_near domain V rest (everywhere_c _ _ _ _ _ C _ A) (is_continuous _ _ _ _ _ C) c
    (is_inside _ _ _ _ _ C) (rest_value_c _ _ _ _ _ C _ A) C0) as [d [D K]].
  exists d. split; auto. intros T x w Sol Cl P. destruct (K (x 0) Cl) as [B [v [Hv L]]].
  assert (X : in_set domain V c (x 0)) by (split; auto; exists v; split; auto; lra).
  assert (Y : in_set domain V level (x 0)) by (split; auto; exists v; split; auto; lra).
  split; auto. intros t Ht. apply NNPP. intros F.
  destruct (stays_below_c _ _ _ _ _ C _ A c x w T ltac:(lra) Sol X t Ht) as [_ [u [Hu Lu]]].
  pose proof (H (x t) u (stays_c _ _ _ _ _ C T x w Sol Y t Ht) Hu F). lra.
Qed.

End Continuous.
