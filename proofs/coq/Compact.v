(** Boxes are compact: what holds around each point with some size holds everywhere with one size.

    The form that the theorems need of the theorem of Heine and Borel; nothing is chosen, and the
    dimension is the length of a list. *)
From Coq Require Import Reals QArith Qreals List Lra Lia.
From Certify Require Import Language.
Import ListNotations.
Local Open Scope R_scope.

(** Distance in the maximum norm below [d]. *)
Definition close (d : R) (x y : list R) : Prop := Forall2 (fun a b => Rabs (a - b) < d) x y.

Lemma close_refl d x : 0 < d -> close d x x.
Proof. intros D. induction x; constructor; auto. now rewrite Rminus_diag_eq, Rabs_R0. Qed.
Lemma close_more d e x y : d <= e -> close d x y -> close e x y.
Proof. intros L. induction 1; constructor; auto. lra. Qed.
(** Balls are open. *)
Lemma close_open e x y : close e x y -> exists d, 0 < d /\ forall z, close d y z -> close e x z.
Proof.
  induction 1 as [|a b x y H C [d [D IH]]].
  - exists 1. split; [lra|]. intros z Z. inversion Z; subst. constructor.
  - set (s := e - Rabs (a - b)) in *. exists (Rmin d s). assert (0 < s) by (unfold s; lra).
    split; [now apply Rmin_glb_lt|]. intros z Z. inversion Z as [|b0 c y0 z0 Hc Hz]; subst.
    constructor.
    + pose proof (Rmin_r d s). unfold s in *. revert Hc. unfold Rabs.
      repeat destruct Rcase_abs; unfold Rabs in *; repeat destruct Rcase_abs; lra.
    + apply IH. eapply close_more; [apply Rmin_l|]; eauto.
Qed.

Lemma compact_interval a b (P : R -> R -> Prop) :
  (forall d e x, 0 < e <= d -> P d x -> P e x) ->
  (forall x, a <= x <= b -> exists d, 0 < d /\
    forall y, a <= y <= b -> Rabs (x - y) < d -> P d y) ->
  exists d, 0 < d /\ forall y, a <= y <= b -> P d y.
Proof.
  intros M H. destruct (Rle_or_lt a b) as [Lab|Lab].
  2:{ exists 1. split; [lra|]. intros; lra. }
  set (E := fun t => a <= t <= b /\ exists d, 0 < d /\ forall y, a <= y <= t -> P d y).
  assert (Ea : E a).
  { split; [lra|]. destruct (H a) as [d [D K]]; [lra|]. exists d. split; auto. intros y Y. apply K; [lra|].
    replace (a - y) with 0 by lra. now rewrite Rabs_R0. }
  destruct (completeness E) as [s [Up Least]].
  { exists b. intros t [T _]. lra. }
  { now exists a. }
  assert (Ls : a <= s <= b) by (split; [now apply Up|apply Least; intros t [T _]; lra]).
  destruct (H s Ls) as [d [D K]].
  assert (exists t, E t /\ s - d < t) as [t [[T [e [He Pe]]] Ts]].
  { destruct (Classical_Prop.classic (exists t, E t /\ s - d < t)) as [?|N]; auto. exfalso.
    assert (s <= s - d); [|lra]. apply Least. intros t Et.
    destruct (Rle_or_lt t (s - d)); auto. exfalso. eauto. }
  set (z := Rmin b (s + d / 2)).
  assert (Ez : E z).
  { split; [unfold z; split; [apply Rmin_glb; lra|apply Rmin_l]|].
    exists (Rmin d e). split; [now apply Rmin_glb_lt|]. intros y [Ya Yz].
    assert (y <= s + d / 2) by (eapply Rle_trans; [exact Yz|apply Rmin_r]).
    assert (y <= b) by (eapply Rle_trans; [exact Yz|apply Rmin_l]).
    destruct (Rle_or_lt y t) as [L|L].
    - apply (M e); [split; [now apply Rmin_glb_lt|apply Rmin_r]|]. apply Pe; lra.
    - apply (M d); [split; [now apply Rmin_glb_lt|apply Rmin_l]|]. apply K; [lra|].
      unfold Rabs; destruct Rcase_abs; lra. }
  assert (z = b).
  { pose proof (Up z Ez). unfold z in *. unfold Rmin in *. destruct Rle_dec; lra. }
  destruct Ez as [_ [c [C Pc]]]. exists c. split; auto. intros y Y. apply Pc. lra.
Qed.

Theorem compact box : forall P : R -> list R -> Prop,
  (forall d e x, 0 < e <= d -> P d x -> P e x) ->
  (forall x, in_box box x -> exists d, 0 < d /\ forall y, in_box box y -> close d x y -> P d y) ->
  exists d, 0 < d /\ forall y, in_box box y -> P d y.
Proof.
  induction box as [|b box IH]; intros P M H.
  - destruct (H [] (Forall2_nil _)) as [d [D K]]. exists d. split; auto.
    intros y Y. inversion Y; subst. apply K; constructor.
  - destruct (compact_interval (Q2R (fst b)) (Q2R (snd b))
      (fun d y0 => forall y, in_box box y -> P d (y0 :: y))) as [d [D K]].
    + intros d e x E K y Y. apply (M d); auto.
    + intros x0 X0.
      destruct (IH (fun d y => forall y0, within b y0 -> Rabs (x0 - y0) < d -> P d (y0 :: y)))
        as [d [D K]].
      * intros d e y E K y0 Y0 L. apply (M d); auto. apply K; auto. lra.
      * intros x X. destruct (H (x0 :: x)) as [d [D K]]; [now constructor|].
        exists d. split; auto. intros y Y C y0 Y0 L. apply K; now constructor.
      * exists d. split; auto.
    + exists d. split; auto. intros y Y. inversion Y; subst. now apply K.
Qed.
