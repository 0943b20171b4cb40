(** Curves in time: slopes to the right, and induction along the real line.

    A slope to the right at every time is all that the theorems ask of a solution: it may have
    corners, where an input jumps, and along it functions with kinks have slopes too. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Classical.
From Coquelicot Require Import Coquelicot.
From Certify Require Import Language Compact.
Import ListNotations.
Local Open Scope R_scope.

(** [g] has the derivative [l] to the right of 0. *)
Definition right_slope (g : R -> R) (l : R) : Prop :=
  forall eps, 0 < eps -> exists d, 0 < d /\
    forall h, 0 < h < d -> Rabs (g h - g 0 - l * h) <= eps * h.

(** The same of a function that need not be defined, but is near 0. *)
Definition rises (g : R -> scalar) (l : R) : Prop :=
  exists k d, 0 < d /\ (forall h, 0 <= h < d -> g h = Some (k h)) /\ right_slope k l.

(** [c] leaves [x] with the velocity [y]. *)
Definition curve (c : R -> list R) (x y : list R) : Prop :=
  c 0 = x /\ (exists d, 0 < d /\ forall h, 0 <= h < d -> length (c h) = length x) /\
  forall i, right_slope (fun h => nth i (c h) 0) (nth i y 0).

(** However [x] is left with the velocity [y], the slope of [V] is below [s]. *)
Definition slopes_below (V : list R -> option R) (x y : list R) (s : R) : Prop :=
  forall c, curve c x y -> exists l, rises (fun h => V (c h)) l /\ l < s.

(** A derivative is a slope to the right. *)
Lemma derivative_right g t l : is_derive g t l -> right_slope (fun h => g (t + h)) l.
Proof.
  intros D eps E. apply is_derive_Reals in D. destruct (D eps E) as [d H].
  exists d. split; [apply cond_pos|]. intros h [P L]. rewrite Rplus_0_r.
  assert (K : Rabs ((g (t + h) - g t) / h - l) < eps) by (apply H; [lra|rewrite Rabs_pos_eq; lra]).
  replace (g (t + h) - g t - l * h) with (((g (t + h) - g t) / h - l) * h) by (field; lra).
  rewrite Rabs_mult, (Rabs_pos_eq h) by lra. nra.
Qed.
Lemma right_slope_minus g k l m : right_slope g l -> right_slope k m ->
  right_slope (fun h => g h - k h) (l - m).
Proof.
  intros G K eps E. destruct (G (eps / 2)) as [d [D H]]; [lra|].
  destruct (K (eps / 2)) as [e [F H']]; [lra|].
  exists (Rmin d e). split; [now apply Rmin_glb_lt|]. intros h [P L].
  pose proof (Rmin_l d e). pose proof (Rmin_r d e).
  specialize (H h ltac:(lra)). specialize (H' h ltac:(lra)).
  replace (g h - k h - (g 0 - k 0) - (l - m) * h)
    with ((g h - g 0 - l * h) - (k h - k 0 - m * h)) by ring.
  eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_Ropp. lra.
Qed.
(** A negative slope leads down, for a while. *)
Lemma right_slope_down g l : right_slope g l -> l < 0 ->
  exists d, 0 < d /\ forall h, 0 < h < d -> g h < g 0.
Proof.
  intros G L. destruct (G (- l / 2)) as [d [D H]]; [lra|]. exists d. split; auto.
  intros h Ph. specialize (H h Ph). apply Rabs_le_between in H. nra.
Qed.
Lemma right_slope_up g l : right_slope g l -> 0 < l ->
  exists d, 0 < d /\ forall h, 0 < h < d -> g 0 < g h.
Proof.
  intros G L. destruct (G (l / 2)) as [d [D H]]; [lra|]. exists d. split; auto.
  intros h Ph. specialize (H h Ph). apply Rabs_le_between in H. nra.
Qed.
Lemma rises_value g l v : rises g l -> g 0 = Some v ->
  exists k d, 0 < d /\ k 0 = v /\ (forall h, 0 <= h < d -> g h = Some (k h)) /\ right_slope k l.
Proof.
  intros [k [d [D [H K]]]] E. exists k, d. split; auto. split; [|split; auto].
  rewrite (H 0) in E by lra. congruence.
Qed.

(** Finitely many things that hold for a while do so together. *)
Lemma all_for_a_while (Q : nat -> R -> Prop) n :
  (forall i, (i < n)%nat -> exists d, 0 < d /\ forall h, 0 < h < d -> Q i h) ->
  exists d, 0 < d /\ forall i h, (i < n)%nat -> 0 < h < d -> Q i h.
Proof.
  induction n as [|n IH]; intros H.
  - exists 1. split; [lra|]. intros; lia.
  - destruct IH as [d [D K]]; [intros; apply H; lia|]. destruct (H n (Nat.lt_succ_diag_r n)) as [e [E L]].
    exists (Rmin d e). split; [now apply Rmin_glb_lt|]. intros i h I Ph.
    pose proof (Rmin_l d e). pose proof (Rmin_r d e).
    destruct (Nat.eq_dec i n) as [->|N]; [apply L|apply K]; try lia; lra.
Qed.

(** Induction along [0, T): what holds at 0, holds at a time if it did at all times before, and then
    holds for a while, holds at all times. *)
Lemma real_induction T (P : R -> Prop) :
  (0 < T -> P 0) ->
  (forall t, 0 < t < T -> (forall s, 0 <= s < t -> P s) -> P t) ->
  (forall t, 0 <= t < T -> P t -> exists d, 0 < d /\ forall h, 0 < h < d -> t + h < T -> P (t + h)) ->
  forall t, 0 <= t < T -> P t.
Proof.
  intros P0 Cl Op t1 [T0 T1]. apply NNPP. intros N.
  set (E := fun t => 0 <= t <= t1 /\ forall s, 0 <= s <= t -> P s).
  assert (E0 : E 0) by (split; [lra|intros s S; replace s with 0 by lra; apply P0; lra]).
  destruct (completeness E) as [u [Up Least]].
  { exists t1. intros t [L _]. lra. }
  { now exists 0. }
  assert (Lu : 0 <= u <= t1) by (split; [now apply Up|apply Least; intros t [L _]; lra]).
  assert (B : forall s, 0 <= s < u -> P s).
  { intros s [S0 S1]. apply NNPP. intros Ns. assert (u <= s); [|lra]. apply Least.
    intros t [Lt Pt]. destruct (Rle_or_lt t s) as [L|L]; auto. elim Ns. apply Pt. lra. }
  assert (Pu : P u).
  { destruct (Req_dec u 0) as [->|Nu]; [apply P0; lra|]. apply Cl; auto. lra. }
  destruct (Op u ltac:(lra) Pu) as [d [D H]].
  assert (A : forall s, 0 <= s < u + d -> s < T -> P s).
  { intros s S Lt. destruct (Rtotal_order s u) as [L|[->|L]]; auto; [apply B; lra|].
    replace s with (u + (s - u)) by ring. apply H; lra. }
  destruct (Rle_or_lt (u + d / 2) t1) as [L|L].
  - assert (E (u + d / 2)) as X; [|apply Up in X; lra].
    split; [lra|]. intros s S. apply A; lra.
  - apply N, A; lra.
Qed.

(** Boxes by components, and that they are closed. *)
Lemma in_box_nth b x : in_box b x <-> length x = length b /\
  forall i bi, nth_error b i = Some bi -> within bi (nth i x 0).
Proof.
  split.
  - induction 1 as [|bi xi b x H I [L K]]; simpl; [split; auto; intros [|i]; discriminate|].
    split; [lia|]. intros [|i] bj E; simpl in *; [now inversion E; subst|now apply K].
  - revert x. induction b as [|bi b IH]; intros [|xi x] [L K]; try discriminate; constructor.
    + apply (K O bi eq_refl).
    + apply IH. split; [now injection L|]. intros i bj E. apply (K (S i) bj E).
Qed.
Lemma close_nth d x y i : close d x y -> 0 < d -> Rabs (nth i x 0 - nth i y 0) < d.
Proof.
  intros H D. revert i. induction H; intros [|i]; simpl; auto; rewrite Rminus_diag_eq, Rabs_R0; auto.
Qed.
Lemma in_box_closed b x : (forall eps, 0 < eps -> exists y, in_box b y /\ close eps x y) -> in_box b x.
Proof.
  intros H. apply in_box_nth. split.
  - destruct (H 1 ltac:(lra)) as [y [Y C]]. apply in_box_nth in Y. rewrite <- (proj1 Y).
    clear -C. induction C; simpl; auto.
  - intros i bi E. apply NNPP. intros N. unfold within in N.
    assert (exists eps, 0 < eps /\ forall z, Rabs (nth i x 0 - z) < eps -> ~ within bi z) as [eps [P K]].
    { destruct (Rlt_or_le (nth i x 0) (Q2R (fst bi))) as [L|L].
      - exists (Q2R (fst bi) - nth i x 0). split; [lra|]. intros z A [B _]. apply Rabs_def2 in A. lra.
      - exists (nth i x 0 - Q2R (snd bi)). split; [lra|]. intros z A [_ B]. apply Rabs_def2 in A. lra. }
    destruct (H eps P) as [y [Y C]]. apply in_box_nth in Y. apply (K (nth i y 0)).
    + now apply close_nth.
    + now apply Y.
Qed.
