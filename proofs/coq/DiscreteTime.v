(** T-RES-D and T-SAFE-D, and certified sets extended backwards: from conditions to trajectories.

    In words: [proofs/theory/T-RES-D.md] and [T-SAFE-D.md].  [Theorems.trajectory] is what a
    trajectory is; T-STAB-D is in [Theorems.v] and [Stability.v]. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Classical Wf_nat.
From Certify Require Import Language Compact Theorems Stability Barriers.
Import ListNotations.
Local Open Scope R_scope.

Section Discrete.
Variable W : Type.
Variable allowed : W -> Prop.
Variable domain : list (Q * Q).
Variable f : list R -> W -> option (list R).
Notation trajectory := (trajectory W allowed f).

Lemma later_trajectory x w n : trajectory x w ->
  trajectory (fun k => x (n + k)%nat) (fun k => w (n + k)%nat).
Proof. intros T k. replace (n + S k)%nat with (S (n + k)) by lia. apply T. Qed.
Lemma invariant_along (set : list R -> Prop) :
  (forall x w y, set x -> allowed w -> f x w = Some y -> set y) ->
  forall x w, trajectory x w -> forall j k, (j <= k)%nat -> set (x j) -> set (x k).
Proof.
  intros I x w T j k L X. induction L as [|k L IH]; auto.
  destruct (T k) as [A Y]. exact (I _ _ _ IH A Y).
Qed.

(** ** T-RES-D *)
Section Residual.
Variable V : list R -> option R.
Variables level residual decay : R.
Variable small : list R -> Prop.                       (* the stated bounds of the residual set *)
Notation set := (in_set domain V level).
Notation core := (in_set domain V residual).

Record residual_conditions : Prop := ResidualConditions
  { rate : 0 <= decay < 1;
    levels : 0 < residual < level;
    is_continuous : continuous_in domain V;
    (* obligation [descent] *)
    descent : forall x w, in_box domain x -> allowed w -> exists v, V x = Some v /\ (level < v \/
      exists y, f x w = Some y /\ stays domain x y /\
        (v < residual \/ exists u, V y = Some u /\ 0 < (1 - decay) * v - u) /\
        (residual < v \/ small x) /\
        (residual < v \/ exists u, V y = Some u /\ u <= residual));
    (* without a decay rate: V falls around every point by a certain amount *)
    steady : decay = 0 -> forall x v, set x -> V x = Some v -> residual <= v ->
      exists d, 0 < d /\ forall z w v y u, set z -> close d x z -> allowed w ->
        V z = Some v -> residual <= v -> f z w = Some y -> V y = Some u -> d <= v - u }.

Hypothesis C : residual_conditions.

Lemma residual_step x w y v : set x -> allowed w -> f x w = Some y -> V x = Some v ->
  in_box domain y /\ (v <= residual -> small x) /\ exists u, V y = Some u /\ u <= level /\
  (v <= residual -> u <= residual) /\ (residual <= v -> u < (1 - decay) * v).
Proof.
  intros X A Y Hv. destruct (descent C x w (proj1 X) A) as [v' [Hv' K]].
  rewrite Hv in Hv'. inversion Hv'; subst v'. destruct X as [B [q [Hq Lq]]].
  rewrite Hv in Hq. inversion Hq; subst q. pose proof (levels C). pose proof (rate C).
  destruct K as [K|[y' [Y' [St [K1 [K2 K3]]]]]]; [lra|]. rewrite Y in Y'. inversion Y'; subst y'.
  split; [now apply (stays_ok _ x)|]. split; [intros; destruct K2; auto; lra|].
  destruct (Rle_or_lt v residual) as [L|L].
  - destruct K3 as [K3|[u [Hu Lu]]]; [lra|]. exists u. split; auto. split; [lra|]. split; auto.
    intros G. destruct K1 as [K1|[u' [Hu' D]]]; [lra|]. rewrite Hu in Hu'. inversion Hu'. lra.
  - destruct K1 as [K1|[u [Hu D]]]; [lra|]. exists u. split; auto. split; [nra|]. split; intros; lra.
Qed.

(** T-RES-D, 1: trajectories stay in the set, *)
Theorem stays_r x w : trajectory x w -> set (x O) -> forall k, set (x k).
Proof.
  intros T X k. apply (invariant_along set) with (x := x) (w := w) (j := O); auto; [|lia].
  intros z u y Z A Y. destruct (proj2 Z) as [v [Hv _]].
  destruct (residual_step z u y v Z A Y Hv) as [B [_ [q [Hq [L _]]]]]. split; eauto.
Qed.
(** and can always go on. *)
Theorem goes_on_r x w : set x -> allowed w -> exists y, f x w = Some y.
Proof.
  intros [B [v [Hv L]]] A. destruct (descent C x w B A) as [u [Hu [K|[y [Y _]]]]]; eauto.
  rewrite Hv in Hu. inversion Hu. lra.
Qed.
Lemma core_in_set x : core x -> set x.
Proof. intros [B [v [Hv L]]]. split; auto. exists v. split; auto. pose proof (levels C). lra. Qed.
(** T-RES-D, 2: the residual set is never left, *)
Theorem core_is_kept x w j k : trajectory x w -> core (x j) -> (j <= k)%nat -> core (x k).
Proof.
  intros T X L. apply (invariant_along core) with (x := x) (w := w) (j := j); auto.
  intros z u y Z A Y. destruct (proj2 Z) as [v [Hv Lv]].
  destruct (residual_step z u y v (core_in_set z Z) A Y Hv) as [B [_ [q [Hq [_ [K _]]]]]].
  split; auto. exists q. split; auto.
Qed.
(** and entered after finitely many steps. *)
Theorem core_is_reached x w : trajectory x w -> set (x O) -> exists n, forall k, (n <= k)%nat -> core (x k).
Proof.
  intros T X. assert (H : exists n, core (x n)).
  2:{ destruct H as [n H]. exists n. intros k. now apply core_is_kept with (w := w). }
  apply NNPP. intros N. destruct (proj2 X) as [v0 [H0 L0]]. pose proof (rate C). pose proof (levels C).
  assert (Out : forall k v, V (x k) = Some v -> residual < v).
  { intros k v Hv. apply Rnot_le_lt. intros L. apply N. exists k.
    split; [apply (stays_r x w T X k)|eauto]. }
  assert (Step : forall k v, V (x k) = Some v -> exists u, V (x (S k)) = Some u /\ u < (1 - decay) * v).
  { intros k v Hv. destruct (T k) as [A Y].
    destruct (residual_step _ _ _ v (stays_r x w T X k) A Y Hv) as [_ [_ [u [Hu [_ [_ D]]]]]].
    exists u. split; auto. apply D. apply Rlt_le, (Out k v Hv). }
  destruct (Req_dec decay 0) as [D0|D0].
  - assert (exists eta, 0 < eta /\ forall z w v y u, set z -> allowed w -> V z = Some v ->
      residual <= v -> f z w = Some y -> V y = Some u -> eta <= v - u) as [eta [E Fall]].
    { destruct (compact domain (fun d z => forall w v y u, set z -> allowed w -> V z = Some v ->
        residual <= v -> f z w = Some y -> V y = Some u -> d <= v - u)) as [eta [E K]].
      - intros d e z L P u v y q Z A Hv G Y Hq. specialize (P u v y q Z A Hv G Y Hq). lra.
      - intros z Z. destruct (descent C z (w O) Z (proj1 (T O))) as [v [Hv _]].
        destruct (Rlt_or_le level v) as [G|G].
        { destruct (is_continuous C z v Z Hv (v - level)) as [d [D K]]; [lra|]. exists d. split; auto.
          intros a Ha L u q y q' [_ [r [Hr Lr]]] _ _ _ _ _. specialize (K a r Ha L Hr).
          apply Rabs_def2 in K. lra. }
        destruct (Rlt_or_le v residual) as [Lc|Lc].
        { destruct (is_continuous C z v Z Hv (residual - v)) as [d [D K]]; [lra|]. exists d. split; auto.
          intros a Ha L u q y q' _ _ Hq Gq _ _. specialize (K a q Ha L Hq). apply Rabs_def2 in K. lra. }
        destruct (steady C D0 z v) as [d [D K]]; auto; [split; eauto|]. exists d. split; auto.
        intros a Ha L u q y q' Sa Au Hq Gq Y Hq'. now apply (K a u q y q').
      - exists eta. split; auto. intros z u v y q Z. apply K; auto. apply Z. }
    assert (K : forall k, exists v, V (x k) = Some v /\ v <= v0 - INR k * eta).
    { induction k as [|k [v [Hv L]]].
      - exists v0. split; auto. simpl. lra.
      - destruct (Step k v Hv) as [u [Hu _]]. exists u. split; auto. destruct (T k) as [A Y].
        pose proof (Fall (x k) (w k) v (x (S k)) u (stays_r x w T X k) A Hv
          (Rlt_le _ _ (Out k v Hv)) Y Hu). rewrite S_INR. lra. }
    destruct (large_natural (v0 / eta)) as [n G]. apply (Rmult_lt_compat_r eta) in G; auto.
    unfold Rdiv in G. rewrite Rmult_assoc, Rinv_l, Rmult_1_r in G by lra.
    destruct (K n) as [v [Hv L]]. pose proof (Out n v Hv). lra.
  - assert (K : forall k, exists v, V (x k) = Some v /\ v <= (1 - decay) ^ k * v0).
    { induction k as [|k [v [Hv L]]].
      - exists v0. split; auto. simpl. lra.
      - destruct (Step k v Hv) as [u [Hu D]]. exists u. split; auto. simpl. nra. }
    assert (P0 : 0 < v0) by (pose proof (Out O v0 H0); lra).
    destruct (pow_lt_1_zero (1 - decay) ltac:(rewrite Rabs_pos_eq; lra) (residual / v0)) as [n Hn].
    { apply Rdiv_lt_0_compat; lra. }
    destruct (K n) as [v [Hv L]]. pose proof (Out n v Hv). specialize (Hn n (le_n n)).
    rewrite Rabs_pos_eq in Hn by (apply pow_le; lra). apply (Rmult_lt_compat_r v0) in Hn; auto.
    unfold Rdiv in Hn. rewrite Rmult_assoc, Rinv_l, Rmult_1_r in Hn by lra. lra.
Qed.
(** The residual set is as small as stated. *)
Theorem core_is_small x w : allowed w -> core x -> small x.
Proof.
  intros A X. destruct (goes_on_r x w (core_in_set x X) A) as [y Y]. destruct (proj2 X) as [v [Hv L]].
  apply (residual_step x w y v (core_in_set x X) A Y Hv). exact L.
Qed.
End Residual.

(** ** T-SAFE-D *)
Section Safety.
Variable h : list R -> option R.                       (* the barrier *)
Variables initial unsafe : list (list R -> option R).

Notation region := (region domain).

Record safety_conditions : Prop := SafetyConditions
  { (* obligations [initial] and [unsafe] *)
    separates_s : separates domain h initial unsafe;
    (* obligation [step] *)
    step_s : forall x w, in_box domain x -> allowed w -> (exists v, h x = Some v /\ 0 < v) \/
      exists y, f x w = Some y /\ stays domain x y /\ exists u, h y = Some u /\ u <= 0 }.

Hypothesis C : safety_conditions.

(** T-SAFE-D: a trajectory from the initial set stays in the domain, with [h <= 0], and is never unsafe. *)
Theorem safe x w : trajectory x w -> region initial (x O) ->
  forall k, in_set domain h 0 (x k) /\ ~ region unsafe (x k).
Proof.
  intros T X k. assert (K : in_set domain h 0 (x k)).
  { apply (invariant_along (in_set domain h 0)) with (x := x) (w := w) (j := O); auto; [|lia|].
    - intros z u y [B [v [Hv L]]] A Y. destruct (step_s C z u B A) as [[v' [Hv' P]]|[y' [Y' [St K]]]].
      + rewrite Hv in Hv'. inversion Hv'. lra.
      + rewrite Y in Y'. inversion Y'; subst y'. split; auto. now apply (stays_ok _ z).
    - now apply (initial_in_set _ _ _ _ (separates_s C)). }
  split; auto. now apply (set_is_safe _ _ _ _ (separates_s C)).
Qed.
(** It can always go on. *)
Theorem goes_on_s x w : in_set domain h 0 x -> allowed w -> exists y, f x w = Some y.
Proof.
  intros [B [v [Hv L]]] A. destruct (step_s C x w B A) as [[u [Hu P]]|[y [Y _]]]; eauto.
  rewrite Hv in Hu. inversion Hu. lra.
Qed.
End Safety.

(** ** T-EXT-D: an invariant set, extended backwards by [n] steps *)
Section Extension.
Variable core : list R -> Prop.
Hypothesis kept : forall x w, core x -> allowed w -> exists y, f x w = Some y /\ core y.
Hypothesis core_inside : forall x, core x -> in_box domain x.

(** Whatever happens, the state is in the domain for [n] steps, and then in [core]. *)
Fixpoint reaches (n : nat) (x : list R) : Prop :=
  match n with
  | O => core x
  | S n' => in_box domain x /\ forall w, allowed w -> exists y, f x w = Some y /\ reaches n' y
  end.

Lemma reaches_inside n x : reaches n x -> in_box domain x.
Proof. destruct n; simpl; [apply core_inside|tauto]. Qed.
Lemma reaches_more n : forall x, reaches n x -> reaches (S n) x.
Proof.
  induction n as [|n IH]; intros x H.
  - split; [now apply core_inside|]. intros w A. exact (kept x w H A).
  - destruct H as [B H]. split; auto. intros w A. destruct (H w A) as [y [Y R]]. eauto.
Qed.
(** The extended set contains the shorter ones, and is invariant as well: *)
Theorem extension_grows n m x : (n <= m)%nat -> reaches n x -> reaches m x.
Proof. induction 1; auto. intros. now apply reaches_more, IHle. Qed.
Theorem extension_is_invariant n x w : reaches n x -> allowed w -> exists y, f x w = Some y /\ reaches n y.
Proof. intros H A. destruct (reaches_more n x H) as [_ K]. exact (K w A). Qed.
(** trajectories from it stay in the domain, and are in [core] after [n] steps, for good. *)
Theorem extension_reaches n x w : trajectory x w -> reaches n (x O) ->
  (forall k, reaches n (x k)) /\ forall k, (n <= k)%nat -> core (x k).
Proof.
  intros T X. split.
  - intros k. apply (invariant_along (reaches n)) with (x := x) (w := w) (j := O); auto; [|lia].
    intros z u y Z A Y. destruct (extension_is_invariant n z u Z A) as [y' [Y' R]]. congruence.
  - assert (K : core (x n)).
    { revert x w T X. induction n as [|n IH]; intros x w T X; auto.
      destruct X as [_ H]. destruct (T O) as [A Y]. destruct (H (w O) A) as [y [Y' R]].
      rewrite Y in Y'. inversion Y'; subst y.
      exact (IH (fun k => x (1 + k)%nat) (fun k => w (1 + k)%nat) (later_trajectory x w 1 T) R). }
    intros k L. apply (invariant_along core) with (x := x) (w := w) (j := n); auto.
    intros z u y Z A Y. destruct (kept z u Z A) as [y' [Y' R]]. congruence.
Qed.

(** The same for a paving: from each kept cell some steps within the domain lead to another one that
    needs less time, or to [core]. *)
Variable cell : nat -> list R -> Prop.
Variable is_kept : nat -> Prop.
Variable time : nat -> nat.
Hypothesis hop : forall j x w, is_kept j -> cell j (x O) -> trajectory x w -> exists k, (k <= time j)%nat /\
  (forall i, (i <= k)%nat -> in_box domain (x i)) /\
  (core (x k) \/ (1 <= k)%nat /\ exists i, is_kept i /\ cell i (x k) /\ (time i <= time j - k)%nat).

Theorem paving_reaches j x w : is_kept j -> cell j (x O) -> trajectory x w ->
  exists n, (n <= time j)%nat /\ (forall k, in_box domain (x k)) /\ forall k, (n <= k)%nat -> core (x k).
Proof.
  intros K X T. assert (H : exists n, (n <= time j)%nat /\ core (x n) /\
    forall i, (i <= n)%nat -> in_box domain (x i)).
  { remember (time j) as t eqn:E. revert j x w K X T E.
    induction t as [t IH] using (well_founded_induction lt_wf). intros j x w K X T ->.
    destruct (hop j x w K X T) as [k [Lk [B [C|[Pk [i [Ki [Xi Ti]]]]]]]]; [eauto|].
    destruct (IH (time i) ltac:(lia) i (fun m => x (k + m)%nat) (fun m => w (k + m)%nat)) as [n [Ln [C Bn]]]; auto.
    { now rewrite Nat.add_0_r. }
    { now apply later_trajectory. }
    exists (k + n)%nat. split; [lia|]. split; auto. intros m M.
    destruct (Nat.le_gt_cases m k) as [L|L]; auto. replace m with (k + (m - k))%nat by lia. apply Bn. lia. }
  destruct H as [n [Ln [C B]]]. exists n. split; auto.
  assert (After : forall k, (n <= k)%nat -> core (x k)).
  { intros k L. apply (invariant_along core) with (x := x) (w := w) (j := n); auto.
    intros z u y Z A Y. destruct (kept z u Z A) as [y' [Y' R]]. congruence. }
  split; auto. intros k. destruct (Nat.le_gt_cases k n) as [L|L]; auto. apply core_inside, After. lia.
Qed.
End Extension.

(** T-EXT-D: every trajectory from the extended set converges to the equilibrium. *)
Theorem extension_converges V level decay rest near n :
  conditions W allowed domain f V level decay rest near ->
  regular W allowed domain f V level decay rest ->
  forall x w, trajectory x w -> reaches (in_set domain V level) n (x O) ->
  (forall k, in_box domain (x k)) /\
  forall eps, 0 < eps -> exists m, forall k, (m <= k)%nat -> close eps rest (x k).
Proof.
  intros C S x w T X. assert (In : forall z, in_set domain V level z -> in_box domain z) by (intros z Z; apply Z).
  destruct (extension_reaches _ (never_ends _ _ _ _ _ _ _ _ _ C) In n x w T X) as [K1 K2].
  split; [intros k; exact (reaches_inside _ In n (x k) (K1 k))|]. intros eps E.
  destruct (states_converge _ _ _ _ _ _ _ _ _ C S (fun k => x (n + k)%nat) (fun k => w (n + k)%nat)
    (later_trajectory x w n T)) with (eps := eps) as [m H]; auto.
  { apply K2. lia. }
  exists (n + m)%nat. intros k L. replace k with (n + (k - n))%nat by lia. apply H. lia.
Qed.
End Discrete.
