(** T-STAB-D in discrete time, from the conditions that its obligations state to trajectories.

    States are lists of reals, [w] stands for everything that may vary from step to step:
    disturbances, parameters and the values of steps.  In words: [proofs/theory/T-STAB-D.md].
    Convergence of the states, and stability, are in [Stability.v]. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz.
From Certify Require Import Language.
Import ListNotations.
Local Open Scope R_scope.

Section Discrete.
Variable W : Type.
Variable allowed : W -> Prop.
Variable domain : list (Q * Q).                        (* one interval for each state *)
Variable f : list R -> W -> option (list R).           (* the closed loop, where it is defined *)
Variable V : list R -> option R.
Variables level decay : R.

Definition in_set (x : list R) : Prop := in_box domain x /\ exists v, V x = Some v /\ v <= level.

(** [y_i - theta x_i] is below [(1 - theta) high_i] and above [(1 - theta) low_i], each for some
    [theta]: then [y] is in the domain if [x] is. *)
Definition pulled (b : Q * Q) (x y : R) : Prop :=
  (exists t, 0 <= t <= 1 /\ y - t * x <= (1 - t) * Q2R (snd b)) /\
  (exists t, 0 <= t <= 1 /\ (1 - t) * Q2R (fst b) <= y - t * x).
Inductive stays : list (Q * Q) -> list R -> list R -> Prop :=
| stays_nil : stays [] [] []
| stays_cons b x y bs xs ys : pulled b x y -> stays bs xs ys -> stays (b :: bs) (x :: xs) (y :: ys).

Lemma stays_ok bs xs ys : stays bs xs ys -> in_box bs xs -> in_box bs ys.
Proof.
  induction 1 as [|b x y bs xs ys [[t [T U]] [t' [T' L]]] H IH]; intros X; [constructor|].
  inversion X as [|? ? ? ? Hx Hxs]; subst. constructor; [|now apply IH].
  unfold within in *. split; nra.
Qed.

(** What falls: [(1 - decay) V(x) - V(f(x))] is positive, and [V] too. *)
Definition falls (x y : list R) : Prop :=
  exists v u, V x = Some v /\ V y = Some u /\ 0 < v /\ 0 < (1 - decay) * v - u.

(** A trajectory: the states that the closed loop goes through. *)
Definition trajectory (x : nat -> list R) (w : nat -> W) : Prop :=
  forall k, allowed (w k) /\ f (x k) (w k) = Some (x (S k)).

(** ** The conditions of T-STAB-D *)

Variable rest : list R.                                (* the equilibrium *)
Variable near : list R -> Prop.                        (* the cube around it *)

Record conditions : Prop := Conditions
  { decay_range : 0 <= decay < 1;
    (* obligation [descent] *)
    descent : forall x w, in_box domain x -> allowed w ->
      exists v, V x = Some v /\ (level < v \/
        exists y, f x w = Some y /\ stays domain x y /\ (near x \/ falls x y));
    (* obligations [ray]: in the cube, off the equilibrium *)
    rays : forall x y w, in_set x -> allowed w -> near x -> x <> rest ->
      f x w = Some y -> in_box domain y -> falls x y;
    (* exact arithmetic *)
    value_at_rest : forall v, V rest = Some v -> v = 0;
    stays_at_rest : forall w y, allowed w -> f rest w = Some y -> y = rest }.

Hypothesis C : conditions.

Lemma step_from_set x w : in_set x -> allowed w ->
  exists y, f x w = Some y /\ in_box domain y /\ (x = rest /\ y = rest \/ x <> rest /\ falls x y).
Proof.
  intros X A. destruct X as [B [v [Hv L]]] eqn:EX. destruct (descent C x w B A) as [v' [Hv' [G|[y [Hy [St N]]]]]].
  { rewrite Hv in Hv'. inversion Hv'. lra. }
  exists y. assert (By : in_box domain y) by now apply (stays_ok _ x).
  split; [exact Hy|]. split; [exact By|].
  destruct (list_eq_dec Req_EM_T x rest) as [->|Off].
  - left. split; [reflexivity|]. now apply (stays_at_rest C w).
  - right. split; [exact Off|]. destruct N as [N|N]; auto. now apply (rays C x y w).
Qed.

Lemma value_in_set x v : in_set x -> (exists w, allowed w) -> V x = Some v -> x <> rest -> 0 < v.
Proof.
  intros X [w A] Hv N. destruct (step_from_set x w X A) as [y [_ [_ [[E _]|[_ F]]]]].
  - contradiction.
  - destruct F as [v' [u [Hv' [_ [P _]]]]]. rewrite Hv in Hv'. inversion Hv'. subst. exact P.
Qed.

(** One step: the set is invariant, and [V] falls. *)
Theorem step_stays x w : in_set x -> allowed w -> exists y v u,
  f x w = Some y /\ in_set y /\ V x = Some v /\ V y = Some u /\ u <= (1 - decay) * v /\
  (x <> rest -> u < (1 - decay) * v).
Proof.
  intros X A. destruct (step_from_set x w X A) as [y [Hy [By E]]].
  destruct X as [B [v [Hv L]]]. exists y, v.
  destruct E as [[-> ->]|[N [v' [u [Hv' [Hu [P D]]]]]]].
  - exists v. pose proof (value_at_rest C v Hv). subst v.
    split; [exact Hy|]. split; [split; [exact By|exists 0; auto]|].
    split; [exact Hv|]. split; [exact Hv|]. split; [lra|contradiction].
  - exists u. rewrite Hv in Hv'. inversion Hv'; subst v'. pose proof (decay_range C).
    split; [exact Hy|]. split; [split; [exact By|exists u; split; auto; nra]|].
    split; [exact Hv|]. split; [exact Hu|]. split; [lra|intros; lra].
Qed.

(** From every state of the set there is a step, whatever [w] is; so a trajectory never ends. *)
Theorem never_ends x w : in_set x -> allowed w -> exists y, f x w = Some y /\ in_set y.
Proof. intros X A. destruct (step_stays x w X A) as [y [v [u [Hy [Y _]]]]]. eauto. Qed.

(** T-STAB-D, 1: every trajectory that starts in the set stays in it. *)
Theorem invariant x w : trajectory x w -> in_set (x O) -> forall k, in_set (x k).
Proof.
  intros T X. induction k as [|k IH]; auto. destruct (T k) as [A E].
  destruct (step_stays (x k) (w k) IH A) as [y [v [u [Hy [Y _]]]]].
  rewrite E in Hy. inversion Hy; subst y. exact Y.
Qed.

(** T-STAB-D, 2: the value falls at the stated rate, strictly off the equilibrium. *)
Theorem decreases x w : trajectory x w -> in_set (x O) -> forall k, exists v u,
  V (x k) = Some v /\ V (x (S k)) = Some u /\ u <= (1 - decay) * v /\
  (x k <> rest -> u < (1 - decay) * v).
Proof.
  intros T X k. destruct (T k) as [A E]. pose proof (invariant x w T X k) as I.
  destruct (step_stays (x k) (w k) I A) as [y [v [u [Hy [_ [Hv [Hu D]]]]]]].
  rewrite E in Hy. inversion Hy; subst y. exists v, u. auto.
Qed.
Theorem geometric x w : trajectory x w -> in_set (x O) -> forall v0, V (x O) = Some v0 ->
  forall k, exists v, V (x k) = Some v /\ v <= (1 - decay) ^ k * v0.
Proof.
  intros T X v0 H0. induction k as [|k [v [Hv L]]].
  - exists v0. split; auto. simpl. lra.
  - destruct (decreases x w T X k) as [v' [u [Hv' [Hu [D _]]]]].
    rewrite Hv in Hv'. inversion Hv'; subst v'. exists u. split; auto.
    pose proof (decay_range C). simpl. nra.
Qed.

(** T-STAB-D, 3, for the values: with a positive decay rate they converge to 0. *)
Theorem converges x w : trajectory x w -> in_set (x O) -> 0 < decay -> forall eps, 0 < eps ->
  exists n, forall k, (n <= k)%nat -> exists v, V (x k) = Some v /\ 0 <= v < eps.
Proof.
  intros T X P eps E. destruct (proj2 X) as [v0 [H0 L0]].
  pose proof (decay_range C) as R0.
  assert (Z : forall k v, V (x k) = Some v -> 0 <= v).
  { intros k v Hv. destruct (list_eq_dec Req_EM_T (x k) rest) as [Er|N].
    - rewrite Er in Hv. rewrite (value_at_rest C v Hv). lra.
    - apply Rlt_le. apply (value_in_set (x k)); auto.
      + now apply (invariant x w).
      + exists (w k). apply (T k). }
  pose proof (Z O v0 H0) as V0.
  assert (A : Rabs (1 - decay) < 1) by (rewrite Rabs_pos_eq; lra).
  destruct (pow_lt_1_zero (1 - decay) A (eps / (v0 + 1))) as [n Hn].
  { apply Rdiv_lt_0_compat; lra. }
  exists n. intros k K. destruct (geometric x w T X v0 H0 k) as [v [Hv L]].
  exists v. split; auto. split; [now apply (Z k)|].
  specialize (Hn k K). assert (Q : 0 <= (1 - decay) ^ k) by (apply pow_le; lra).
  rewrite Rabs_pos_eq in Hn by exact Q.
  assert ((1 - decay) ^ k * (v0 + 1) < eps).
  { apply (Rmult_lt_compat_r (v0 + 1)) in Hn; [|lra].
    unfold Rdiv in Hn. rewrite Rmult_assoc, Rinv_l, Rmult_1_r in Hn by lra. exact Hn. }
  nra.
Qed.
End Discrete.
