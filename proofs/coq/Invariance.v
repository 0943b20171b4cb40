(** Solutions of differential equations: sets that they do not leave, and bounds that they stay below.

    Common to T-STAB-C, T-RES-C and T-SAFE-C.  A solution is continuous and has at every time a slope
    to the right, which is the right-hand side; so it covers solutions that are differentiable, and
    inputs that jump.  That solutions exist is not claimed here. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Classical.
From Coquelicot Require Import Coquelicot.
From Certify Require Import Language Compact Theorems Stability Curves.
Import ListNotations.
Local Open Scope R_scope.

Section Equation.
Variable W : Type.                                     (* disturbances, parameters *)
Variable allowed : W -> Prop.
Variable domain : list (Q * Q).
Variable f : list R -> W -> option (list R).           (* the right-hand side, where it is defined *)

(** [dx/dt = f (x, w)] on [0, T). *)
Definition solution (T : R) (x : R -> list R) (w : R -> W) : Prop := forall t, 0 <= t < T ->
  allowed (w t) /\
  (forall eps, 0 < eps -> exists d, 0 < d /\
    forall s, 0 <= s < T -> Rabs (s - t) < d -> close eps (x t) (x s)) /\
  exists y, f (x t) (w t) = Some y /\ curve (fun h => x (t + h)) (x t) y.

(** A function that is differentiable on [0, T) and satisfies the equation is a solution. *)
Lemma differentiable_solution T n (x : R -> list R) w :
  (forall t, length (x t) = n) ->
  (forall t, 0 <= t < T -> allowed (w t) /\ exists y, f (x t) (w t) = Some y /\ length y = n /\
    forall i, (i < n)%nat -> is_derive (fun s => nth i (x s) 0) t (nth i y 0)) ->
  solution T x w.
Proof.
  intros L H t Ht. destruct (H t Ht) as [A [y [Y [Ly D]]]]. split; auto. split.
  - intros eps E. assert (K : forall i, (i < n)%nat -> exists d, 0 < d /\
      forall s, Rabs (s - t) < d -> Rabs (nth i (x t) 0 - nth i (x s) 0) < eps).
    { intros i I. assert (C : continuity_pt (fun s => nth i (x s) 0) t).
      { apply derivable_continuous_pt. exists (nth i y 0). apply is_derive_Reals. now apply D. }
      destruct (C eps E) as [d [P Q]]. exists d. split; auto. intros s S. rewrite Rabs_minus_sym.
      destruct (Req_dec s t) as [->|N].
      - now rewrite Rminus_diag_eq, Rabs_R0.
      - apply Q. split; [split; auto; exact Logic.I|exact S]. }
    assert (M : exists d, 0 < d /\ forall i s, (i < n)%nat -> Rabs (s - t) < d ->
      Rabs (nth i (x t) 0 - nth i (x s) 0) < eps).
    { clear -K. induction n as [|n IH]; [exists 1; split; [lra|intros; lia]|].
      destruct IH as [d [P Q]]; [intros; apply K; lia|]. destruct (K n (Nat.lt_succ_diag_r n)) as [e [P' Q']].
      exists (Rmin d e). split; [now apply Rmin_glb_lt|]. intros i s I S.
      pose proof (Rmin_l d e). pose proof (Rmin_r d e).
      destruct (Nat.eq_dec i n) as [->|N]; [apply Q'|apply Q]; try lia; lra. }
    destruct M as [d [P Q]]. exists d. split; auto. intros s _ S.
    assert (Z : forall i, (i < n)%nat -> Rabs (nth i (x t) 0 - nth i (x s) 0) < eps) by auto.
    pose proof (L t) as Lt. pose proof (L s) as Ls. revert Lt Ls Z. clear.
    generalize (x t) as a, (x s) as b. induction n as [|n IH]; intros [|p a] [|q b] La Lb Z;
      simpl in *; try discriminate; constructor.
    + apply (Z O). lia.
    + apply IH; auto. intros i I. apply (Z (S i)). lia.
  - exists y. split; auto. split; [now rewrite Rplus_0_r|]. split.
    + exists 1. split; [lra|]. intros. now rewrite !L.
    + intros i. destruct (Nat.lt_ge_cases i n) as [I|I].
      * exact (derivative_right (fun s => nth i (x s) 0) t _ (D i I)).
      * intros eps E. exists 1. split; [lra|]. intros h Hh. rewrite !nth_overflow by (rewrite ?L; lia).
        replace (0 - 0 - 0 * h) with 0 by ring. rewrite Rabs_R0. nra.
Qed.

Lemma later_solution T x w t : solution T x w -> 0 <= t ->
  solution (T - t) (fun s => x (t + s)) (fun s => w (t + s)).
Proof.
  intros H P s S. destruct (H (t + s) ltac:(lra)) as [A [C [y [Y K]]]]. split; auto. split.
  - intros eps E. destruct (C eps E) as [d [D Z]]. exists d. split; auto. intros r R1 R2.
    apply Z; [lra|]. now replace (t + r - (t + s)) with (r - s) by ring.
  - exists y. split; auto. destruct K as [K1 [[d [D K2]] K3]]. split; [now rewrite Rplus_0_r|]. split.
    + exists d. split; auto. intros h Hh. rewrite <- Rplus_assoc. now apply K2.
    + intros i eps E. destruct (K3 i eps E) as [e [E' Z]]. exists e. split; auto. intros h Hh.
      rewrite <- !Rplus_assoc. now apply Z.
Qed.

(** The field points inward on those faces of the domain that meet the set. *)
Definition inward (g : list R -> option R) (m : R) : Prop :=
  forall x w y i b, in_set domain g m x -> allowed w -> f x w = Some y -> nth_error domain i = Some b ->
  (nth i x 0 = Q2R (snd b) -> nth i y 0 < 0) /\ (nth i x 0 = Q2R (fst b) -> 0 < nth i y 0).

(** [{ g <= m }] within the domain, where [g] falls at [g = m]. *)
Section Level.
Variable g : list R -> option R.
Variable m : R.
Hypothesis everywhere : forall x, in_box domain x -> exists v, g x = Some v.
Hypothesis continuous : continuous_in domain g.
Hypothesis faces : inward g m.
Hypothesis falls : forall x w y, in_box domain x -> allowed w -> f x w = Some y -> g x = Some m ->
  slopes_below g x y 0.

Lemma inside_for_a_while x w T t : solution T x w -> 0 <= t < T -> in_set domain g m (x t) ->
  exists d, 0 < d /\ forall h, 0 < h < d -> t + h < T -> in_box domain (x (t + h)).
Proof.
  intros Sol Ht X. destruct (Sol t Ht) as [A [Co [y [Y [_ [[d0 [D0 Len]] K]]]]]].
  pose proof (proj1 X) as B. apply in_box_nth in B. destruct B as [L B].
  destruct (all_for_a_while (fun i h => t + h < T -> forall b, nth_error domain i = Some b ->
    within b (nth i (x (t + h)) 0)) (length domain)) as [d [D H]].
  { intros i I. destruct (nth_error domain i) as [b|] eqn:Eb.
    2:{ exists 1. split; [lra|]. discriminate. }
    destruct (faces (x t) (w t) y i b X A Y Eb) as [Up Lo].
    specialize (B i b Eb). destruct B as [B1 B2].
    assert (Hi : exists d, 0 < d /\ forall h, 0 < h < d -> t + h < T ->
      nth i (x (t + h)) 0 <= Q2R (snd b)).
    { destruct (Req_dec (nth i (x t) 0) (Q2R (snd b))) as [E|N].
      - destruct (right_slope_down _ _ (K i) (Up E)) as [d [D H]]. exists d. split; auto.
        intros h Hh _. specialize (H h Hh). simpl in H. rewrite Rplus_0_r, E in H. lra.
      - destruct (Co (Q2R (snd b) - nth i (x t) 0)) as [d [D H]]; [lra|]. exists d. split; auto.
        intros h Hh Lt. specialize (H (t + h) ltac:(lra)).
        replace (t + h - t) with h in H by ring. rewrite Rabs_pos_eq in H by lra.
        pose proof (close_nth _ _ _ i (H ltac:(lra)) ltac:(lra)) as Z. apply Rabs_def2 in Z. lra. }
    assert (Low : exists d, 0 < d /\ forall h, 0 < h < d -> t + h < T ->
      Q2R (fst b) <= nth i (x (t + h)) 0).
    { destruct (Req_dec (nth i (x t) 0) (Q2R (fst b))) as [E|N].
      - destruct (right_slope_up _ _ (K i) (Lo E)) as [d [D H]]. exists d. split; auto.
        intros h Hh _. specialize (H h Hh). simpl in H. rewrite Rplus_0_r, E in H. lra.
      - destruct (Co (nth i (x t) 0 - Q2R (fst b))) as [d [D H]]; [lra|]. exists d. split; auto.
        intros h Hh Lt. specialize (H (t + h) ltac:(lra)).
        replace (t + h - t) with h in H by ring. rewrite Rabs_pos_eq in H by lra.
        pose proof (close_nth _ _ _ i (H ltac:(lra)) ltac:(lra)) as Z. apply Rabs_def2 in Z. lra. }
    destruct Hi as [d [D H]]. destruct Low as [e [E H']].
    exists (Rmin d e). split; [now apply Rmin_glb_lt|]. intros h Hh Lt b' Eb'. inversion Eb'; subst b'.
    pose proof (Rmin_l d e). pose proof (Rmin_r d e). split; [apply H'|apply H]; auto; lra. }
  exists (Rmin d0 d). split; [now apply Rmin_glb_lt|]. intros h Hh Lt.
  pose proof (Rmin_l d0 d). pose proof (Rmin_r d0 d). apply in_box_nth. split.
  - rewrite <- L. apply Len. lra.
  - intros i b Eb. apply (H i h); auto; [|lra]. apply nth_error_Some. now rewrite Eb.
Qed.

(** Values along a solution are continuous, within the domain. *)
Lemma value_near x w T t v : solution T x w -> 0 <= t < T -> in_box domain (x t) -> g (x t) = Some v ->
  forall eps, 0 < eps -> exists d, 0 < d /\ forall s u, 0 <= s < T -> Rabs (s - t) < d ->
    in_box domain (x s) -> g (x s) = Some u -> Rabs (u - v) < eps.
Proof.
  intros Sol Ht X V eps E. destruct (continuous _ _ X V eps E) as [d [D H]].
  destruct (proj1 (proj2 (Sol t Ht)) d D) as [e [E' H']]. exists e. split; auto.
  intros s u Hs L Xs U. apply (H (x s)); auto.
Qed.

Theorem stays_below x w T : solution T x w -> in_set domain g m (x 0) ->
  forall t, 0 <= t < T -> in_set domain g m (x t).
Proof.
  intros Sol X0. apply (real_induction T (fun t => in_set domain g m (x t))); auto.
  - intros t Ht Before.
    assert (B : in_box domain (x t)).
    { apply in_box_closed. intros eps E.
      destruct (proj1 (proj2 (Sol t ltac:(lra))) eps E) as [d [D H]].
      set (s := Rmax 0 (t - d / 2)). assert (Hs : 0 <= s < t) by (unfold s, Rmax; destruct Rle_dec; lra).
      exists (x s). split; [now apply Before|]. apply H; [lra|].
      unfold s, Rmax in *. destruct Rle_dec; unfold Rabs; destruct Rcase_abs; lra. }
    split; auto. destruct (everywhere _ B) as [v V]. exists v. split; auto.
    apply Rnot_lt_le. intros G.
    destruct (value_near x w T t v Sol ltac:(lra) B V (v - m)) as [d [D H]]; [lra|].
    set (s := Rmax 0 (t - d / 2)). assert (Hs : 0 <= s < t) by (unfold s, Rmax; destruct Rle_dec; lra).
    destruct (Before s Hs) as [Bs [u [U Lu]]].
    assert (Z : Rabs (u - v) < v - m).
    { apply (H s u); auto; [lra|]. unfold s, Rmax in *. destruct Rle_dec; unfold Rabs; destruct Rcase_abs; lra. }
    apply Rabs_def2 in Z. lra.
  - intros t Ht X. destruct (inside_for_a_while x w T t Sol Ht X) as [d [D In]].
    destruct X as [B [v [V L]]]. destruct (Req_dec v m) as [->|N].
    + destruct (Sol t Ht) as [A [_ [y [Y K]]]]. destruct (falls (x t) (w t) y B A Y V _ K) as [l [Rs Lt]].
      assert (V' : g (x (t + 0)) = Some m) by now rewrite Rplus_0_r.
      destruct (rises_value _ _ _ Rs V') as [k [e [E [K0 [Hk Sk]]]]].
      destruct (right_slope_down _ _ Sk Lt) as [c [C Down]].
      exists (Rmin d (Rmin e c)). split; [repeat apply Rmin_glb_lt; auto|]. intros h Hh Lh.
      pose proof (Rmin_l d (Rmin e c)). pose proof (Rmin_r d (Rmin e c)).
      pose proof (Rmin_l e c). pose proof (Rmin_r e c).
      split; [apply In; auto; lra|]. exists (k h). split; [apply Hk; lra|].
      specialize (Down h ltac:(lra)). lra.
    + destruct (value_near x w T t v Sol Ht B V (m - v)) as [e [E H]]; [lra|].
      exists (Rmin d e). split; [now apply Rmin_glb_lt|]. intros h Hh Lh.
      pose proof (Rmin_l d e). pose proof (Rmin_r d e).
      assert (Bh : in_box domain (x (t + h))) by (apply In; auto; lra).
      split; auto. destruct (everywhere _ Bh) as [u U]. exists u. split; auto.
      assert (Z : Rabs (u - v) < m - v).
      { apply (H (t + h)); auto; [lra|]. replace (t + h - t) with h by ring. rewrite Rabs_pos_eq; lra. }
      apply Rabs_def2 in Z. lra.
Qed.
End Level.

(** Along solutions in the set, [g] stays below a number [c] or a function of time [b], if at either
    it has a smaller slope. *)
Section Compare.
Variable g : list R -> option R.
Variables (b b' : R -> R) (c : R).
Hypothesis continuous : continuous_in domain g.
Hypothesis derivative : forall t, 0 <= t -> is_derive b t (b' t).

Theorem stays_below_bound x w T : solution T x w ->
  (forall t, 0 <= t < T -> in_box domain (x t) /\ exists v, g (x t) = Some v) ->
  (forall t y v, 0 <= t < T -> f (x t) (w t) = Some y -> g (x t) = Some v ->
    (v = c -> b t < c -> slopes_below g (x t) y 0) /\ (v = b t -> c <= v -> slopes_below g (x t) y (b' t))) ->
  (forall v, g (x 0) = Some v -> v <= Rmax c (b 0)) ->
  forall t, 0 <= t < T -> forall v, g (x t) = Some v -> v <= Rmax c (b t).
Proof.
  intros Sol In Slope Start.
  assert (Cb : forall t, 0 <= t -> forall eps, 0 < eps -> exists d, 0 < d /\
    forall s, Rabs (s - t) < d -> Rabs (b s - b t) < eps).
  { intros t Ht eps E. assert (C : continuity_pt b t).
    { apply derivable_continuous_pt. exists (b' t). apply is_derive_Reals. now apply derivative. }
    destruct (C eps E) as [d [P Q]]. exists d. split; auto. intros s S.
    destruct (Req_dec s t) as [->|N]; [now rewrite Rminus_diag_eq, Rabs_R0|].
    apply Q. split; [split; auto; exact I|exact S]. }
  apply (real_induction T (fun t => forall v, g (x t) = Some v -> v <= Rmax c (b t))); auto.
  - intros t Ht Before v V. apply Rnot_lt_le. intros G.
    set (e := v - Rmax c (b t)) in *. destruct (In t ltac:(lra)) as [B _].
    destruct (value_near g continuous x w T t v Sol ltac:(lra) B V (e / 2)) as [d [D H]];
      [unfold e in *; lra|].
    destruct (Cb t ltac:(lra) (e / 2)) as [d' [D' H']]; [unfold e in *; lra|].
    set (k := Rmin d d'). assert (K : 0 < k) by now apply Rmin_glb_lt.
    pose proof (Rmin_l d d'). pose proof (Rmin_r d d'). fold k in H0, H1. clearbody k.
    set (s := Rmax 0 (t - k / 2)). assert (Hs : 0 <= s < t) by (unfold s, Rmax; destruct Rle_dec; lra).
    assert (St : Rabs (s - t) < k).
    { clear -K Ht. unfold s, Rmax. destruct Rle_dec; unfold Rabs; destruct Rcase_abs; lra. }
    destruct (In s ltac:(lra)) as [Bs [u U]].
    pose proof (H s u ltac:(lra) ltac:(lra) Bs U) as Z. pose proof (H' s ltac:(lra)) as Z'.
    pose proof (Before s Hs u U) as L. apply Rabs_def2 in Z. apply Rabs_def2 in Z'.
    assert (Rmax c (b s) < Rmax c (b t) + e / 2); [|unfold e in *; lra].
    unfold Rmax in *; repeat destruct Rle_dec; unfold e in *; lra.
  - intros t Ht P. destruct (In t Ht) as [B [v V]]. specialize (P v V).
    destruct (Sol t Ht) as [A [_ [y [Y K]]]]. destruct (Slope t y v Ht Y V) as [Sc Sb].
    destruct (Rlt_or_le v (Rmax c (b t))) as [L|L].
    { set (e := Rmax c (b t) - v) in *.
      destruct (value_near g continuous x w T t v Sol Ht B V (e / 2)) as [d [D H]];
        [unfold e in *; lra|].
      destruct (Cb t ltac:(lra) (e / 2)) as [d' [D' H']]; [unfold e in *; lra|].
      exists (Rmin d d'). split; [now apply Rmin_glb_lt|]. intros h Hh Lh u U.
      pose proof (Rmin_l d d'). pose proof (Rmin_r d d').
      assert (R : Rabs (t + h - t) < Rmin d d').
      { replace (t + h - t) with h by ring. rewrite Rabs_pos_eq; lra. }
      destruct (In (t + h) ltac:(lra)) as [Bh _].
      pose proof (H (t + h) u ltac:(lra) ltac:(lra) Bh U) as Z. pose proof (H' (t + h) ltac:(lra)) as Z'.
      apply Rabs_def2 in Z. apply Rabs_def2 in Z'.
      unfold Rmax in *; repeat destruct Rle_dec; unfold e in *; lra. }
    assert (Ev : v = Rmax c (b t)) by lra.
    assert (V' : g (x (t + 0)) = Some v) by now rewrite Rplus_0_r.
    destruct (Rle_or_lt c (b t)) as [Lc|Lc].
    + rewrite Rmax_right in Ev by auto. destruct (Sb Ev ltac:(lra) _ K) as [l [Rs Lt]].
      destruct (rises_value _ _ _ Rs V') as [k [e [E [K0 [Hk Sk]]]]].
      pose proof (derivative_right b t (b' t) (derivative t ltac:(lra))) as Db.
      destruct (right_slope_down _ _ (right_slope_minus _ _ _ _ Sk Db)) as [q [Pq Down]]; [lra|].
      exists (Rmin e q). split; [now apply Rmin_glb_lt|]. intros h Hh Lh u U.
      pose proof (Rmin_l e q). pose proof (Rmin_r e q). specialize (Down h ltac:(lra)).
      rewrite (Hk h ltac:(lra)) in U. inversion U; subst u. rewrite Rplus_0_r in Down.
      pose proof (Rmax_r c (b (t + h))). lra.
    + rewrite Rmax_left in Ev by lra. destruct (Sc Ev Lc _ K) as [l [Rs Lt]].
      destruct (rises_value _ _ _ Rs V') as [k [e [E [K0 [Hk Sk]]]]].
      destruct (right_slope_down _ _ Sk Lt) as [q [Pq Down]].
      exists (Rmin e q). split; [now apply Rmin_glb_lt|]. intros h Hh Lh u U.
      pose proof (Rmin_l e q). pose proof (Rmin_r e q). specialize (Down h ltac:(lra)).
      rewrite (Hk h ltac:(lra)) in U. inversion U; subst u.
      pose proof (Rmax_l c (b (t + h))). lra.
Qed.
End Compare.
End Equation.
