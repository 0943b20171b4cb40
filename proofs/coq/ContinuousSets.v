(** T-RES-C and T-SAFE-C: from the conditions of their obligations to solutions.

    In words: [proofs/theory/T-RES-C.md] and [T-SAFE-C.md].  A solution is what [Invariance.v] says. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Classical.
From Coquelicot Require Import Coquelicot.
From Certify Require Import Language Compact Theorems Stability Curves Invariance ContinuousTime Barriers.
Import ListNotations.
Local Open Scope R_scope.

Section Continuous.
Variable W : Type.
Variable allowed : W -> Prop.
Variable domain : list (Q * Q).
Variable f : list R -> W -> option (list R).
Notation solution := (solution W allowed f).
Notation inward := (inward W allowed domain f).

(** ** T-RES-C *)
Section Residual.
Variable V : list R -> option R.
Variables level residual decay : R.
Variable small : list R -> Prop.                       (* the stated bounds of the residual set *)
Notation set := (in_set domain V level).
Notation core := (in_set domain V residual).
Notation decreases_along := (decreases_along V decay).

Record residual_conditions : Prop := ResidualConditions
  { rate_r : 0 <= decay;
    levels_r : 0 < residual < level;
    continuous_r : continuous_in domain V;
    (* obligation [descent] *)
    descent_r : forall x w, in_box domain x -> allowed w -> exists v, V x = Some v /\ (level < v \/
      exists y, f x w = Some y /\ (v < residual \/ decreases_along x y) /\ (residual < v \/ small x));
    (* obligations [face] *)
    faces_r : inward V level;
    (* without a decay rate *)
    steady_r : falls_steadily W allowed domain f V level decay (fun x => forall v, V x = Some v -> residual <= v) }.

Hypothesis C : residual_conditions.

Lemma everywhere_r w : allowed w -> forall x, in_box domain x -> exists v, V x = Some v.
Proof. intros A x X. destruct (descent_r C x w X A) as [v [Hv _]]. eauto. Qed.
Lemma falls_r x w y v : set x -> allowed w -> f x w = Some y -> V x = Some v -> residual <= v ->
  decreases_along x y.
Proof.
  intros X A Y Hv L. destruct (descent_r C x w (proj1 X) A) as [v' [Hv' K]].
  rewrite Hv in Hv'. inversion Hv'; subst v'. destruct X as [B [u [Hu Lu]]].
  rewrite Hv in Hu. inversion Hu; subst u.
  destruct K as [K|[y' [Y' [[K|K] _]]]]; try lra.
  rewrite Y in Y'. inversion Y'; subst y'. exact K.
Qed.
Lemma stays_below_r c x w T : residual <= c <= level -> solution T x w -> in_set domain V c (x 0) ->
  forall t, 0 <= t < T -> in_set domain V c (x t).
Proof.
  intros [P L] Sol X t Ht. assert (A : allowed (w 0)) by (apply (Sol 0); lra).
  assert (Sub : forall z, in_set domain V c z -> set z).
  { intros z [B [v [Hv Lv]]]. split; auto. exists v. split; auto. lra. }
  apply (stays_below W allowed domain f V c (everywhere_r _ A) (continuous_r C)) with (w := w) (T := T); auto.
  - intros z u y i b Z. apply (faces_r C z u y i b). now apply Sub.
  - intros z u y Z U Y Hc. pose proof (levels_r C).
    apply (decays_down V decay z y c); auto; [exact (rate_r C)| |lra].
    apply (falls_r z u y c); auto. split; auto. exists c. now split.
Qed.

(** T-RES-C, 1: solutions stay in the set. *)
Theorem stays_r T x w : solution T x w -> set (x 0) -> forall t, 0 <= t < T -> set (x t).
Proof. apply stays_below_r. pose proof (levels_r C). lra. Qed.
(** T-RES-C, 2: the residual set is never left, *)
Theorem core_is_kept T x w s : solution T x w -> 0 <= s -> core (x s) ->
  forall t, s <= t < T -> core (x t).
Proof.
  intros Sol P X t Ht. replace t with (s + (t - s)) by ring. pose proof (levels_r C).
  apply (stays_below_r residual (fun r => x (s + r)) (fun r => w (s + r)) (T - s)); try lra.
  - now apply later_solution.
  - now rewrite Rplus_0_r.
Qed.
(** and entered in finite time. *)
Theorem core_is_reached x w : (forall T, solution T x w) -> set (x 0) ->
  exists t0, 0 <= t0 /\ forall t, t0 <= t -> core (x t).
Proof.
  intros Sol X. assert (A : allowed (w 0)) by (apply (Sol 1 0); lra). pose proof (levels_r C) as [L0 L1].
  assert (In : forall t, 0 <= t -> set (x t)) by (intros t Ht; apply (stays_r (t + 1) x w); auto; lra).
  destruct (becomes_at_most W allowed domain f V level decay residual x w (continuous_r C) (rate_r C) L0 (everywhere_r _ A) Sol In)
    as [t0 [v [T0 [Hv L]]]].
  - intros t y v Ht Y Hv G. apply (falls_r (x t) (w t) y v); auto. apply (Sol (t + 1) t). lra.
  - exact (steady_r C).
  - exists t0. split; auto. intros t Ht. apply (core_is_kept (t + 1) x w t0); auto; [|lra].
    split; [now apply In|]. eauto.
Qed.
(** The residual set is as small as stated. *)
Theorem core_is_small x w : allowed w -> core x -> small x.
Proof.
  intros A [B [v [Hv L]]]. destruct (descent_r C x w B A) as [u [Hu K]].
  rewrite Hv in Hu. inversion Hu; subst u. pose proof (levels_r C).
  destruct K as [K|[y [_ [_ [K|K]]]]]; auto; lra.
Qed.
End Residual.

(** ** T-SAFE-C *)
Section Safety.
Variable h : list R -> option R.                       (* the barrier *)
Variables initial unsafe : list (list R -> option R).

Notation region := (region domain).

Record safety_conditions : Prop := SafetyConditions
  { continuous_s : continuous_in domain h;
    (* obligations [initial] and [unsafe] *)
    separates_s : separates domain h initial unsafe;
    (* obligation [step] *)
    step_s : forall x w, in_box domain x -> allowed w -> exists v, h x = Some v /\ (0 < v \/
      exists y, f x w = Some y /\ (v < 0 \/ slopes_below h x y 0));
    (* obligations [face] *)
    faces_s : inward h 0 }.

Hypothesis C : safety_conditions.

(** T-SAFE-C: a solution from the initial set stays in the domain, with [h <= 0], and is never unsafe. *)
Theorem safe_c T x w : solution T x w -> region initial (x 0) ->
  forall t, 0 <= t < T -> in_set domain h 0 (x t) /\ ~ region unsafe (x t).
Proof.
  intros Sol X t Ht. assert (A : allowed (w 0)) by (apply (Sol 0); lra).
  assert (in_set domain h 0 (x t)); [|split; auto; now apply (set_is_safe _ _ _ _ (separates_s C))].
  apply (stays_below W allowed domain f h 0) with (w := w) (T := T); auto.
  - intros z Z. destruct (step_s C z (w 0) Z A) as [v [Hv _]]. eauto.
  - exact (continuous_s C).
  - exact (faces_s C).
  - intros z u y Z U Y Hz. destruct (step_s C z u Z U) as [v [Hv K]].
    rewrite Hz in Hv. inversion Hv; subst v. destruct K as [K|[y' [Y' [K|K]]]]; [lra|lra|].
    rewrite Y in Y'. inversion Y'; now subst.
  - now apply (initial_in_set _ _ _ _ (separates_s C)).
Qed.
End Safety.
End Continuous.
