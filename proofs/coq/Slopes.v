(** Slopes to the right of sums, products and functions, kinks included: of values that need only be
    defined near the start of a curve. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From Certify Require Import Language Analysis Compact Curves Inline Rays ExactValues Scalars.
Import ListNotations.
Local Open Scope R_scope.

Lemma right_slope_ext g k l : (forall h, g h = k h) -> right_slope g l -> right_slope k l.
Proof.
  intros E G eps P. destruct (G eps P) as [d [D H]]. exists d. split; auto. intros h Hh.
  rewrite <- !E. now apply H.
Qed.
Lemma right_slope_const c : right_slope (fun _ => c) 0.
Proof.
  intros eps E. exists 1. split; [lra|]. intros h Hh. replace (c - c - 0 * h) with 0 by ring.
  rewrite Rabs_R0. nra.
Qed.
Lemma right_continuous g l : right_slope g l -> forall eps, 0 < eps -> exists d, 0 < d /\
  forall h, 0 <= h < d -> Rabs (g h - g 0) < eps.
Proof.
  intros G eps E. destruct (G 1 ltac:(lra)) as [d [D H]].
  assert (P : 0 < Rabs l + 1) by (pose proof (Rabs_pos l); lra).
  assert (Q : 0 < eps / (Rabs l + 1)) by now apply Rdiv_lt_0_compat.
  exists (Rmin d (eps / (Rabs l + 1))). split; [now apply Rmin_glb_lt|]. intros h Hh.
  destruct (Req_dec h 0) as [->|N]; [now rewrite Rminus_diag_eq, Rabs_R0|].
  pose proof (Rmin_l d (eps / (Rabs l + 1))). pose proof (Rmin_r d (eps / (Rabs l + 1))).
  specialize (H h ltac:(lra)). replace (g h - g 0) with ((g h - g 0 - l * h) + l * h) by ring.
  eapply Rle_lt_trans; [apply Rabs_triang|]. rewrite Rabs_mult, (Rabs_pos_eq h) by lra.
  assert (h * (Rabs l + 1) < eps); [|lra].
  apply (Rmult_lt_reg_r (/ (Rabs l + 1))); [now apply Rinv_0_lt_compat|].
  rewrite Rmult_assoc, Rinv_r, Rmult_1_r by lra. unfold Rdiv in *. lra.
Qed.
Lemma right_slope_chain G D k l : is_derive G (k 0) D -> right_slope k l ->
  right_slope (fun h => G (k h)) (D * l).
Proof.
  intros Gd K eps E. apply is_derive_Reals in Gd.
  set (a := Rabs l + 1). set (b := Rabs D + 1).
  assert (A : 0 < a) by (unfold a; pose proof (Rabs_pos l); lra).
  assert (B : 0 < b) by (unfold b; pose proof (Rabs_pos D); lra).
  assert (Ea : 0 < eps / (2 * a)) by (apply Rdiv_lt_0_compat; lra).
  assert (Eb : 0 < eps / (2 * b)) by (apply Rdiv_lt_0_compat; lra).
  destruct (Gd _ Ea) as [d1 H1]. pose proof (cond_pos d1) as D1.
  destruct (right_continuous k l K d1 D1) as [d2 [D2 H2]].
  destruct (K (Rmin 1 (eps / (2 * b)))) as [d3 [D3 H3]]; [apply Rmin_glb_lt; [lra|exact Eb]|].
  exists (Rmin d2 d3). split; [now apply Rmin_glb_lt|]. intros h Hh.
  pose proof (Rmin_l d2 d3). pose proof (Rmin_r d2 d3).
  pose proof (Rmin_l 1 (eps / (2 * b))) as M1. pose proof (Rmin_r 1 (eps / (2 * b))) as M2.
  specialize (H2 h ltac:(lra)). specialize (H3 h ltac:(lra)). set (y := k h - k 0) in *.
  assert (Y : Rabs (y - l * h) <= eps / (2 * b) * h) by nra.
  assert (Y1 : Rabs y <= a * h).
  { replace y with ((y - l * h) + l * h) by ring. eapply Rle_trans; [apply Rabs_triang|].
    rewrite Rabs_mult, (Rabs_pos_eq h) by lra. unfold a. nra. }
  assert (Z : Rabs (G (k h) - G (k 0) - D * y) <= eps / (2 * a) * Rabs y).
  { destruct (Req_dec y 0) as [Y0|Y0].
    - replace (k h) with (k 0) by (unfold y in Y0; lra). rewrite Y0. replace (G (k 0) - G (k 0) - D * 0) with 0 by ring.
      rewrite Rabs_R0. lra.
    - specialize (H1 y Y0 H2). assert (Ky : k 0 + y = k h) by (unfold y; lra). rewrite Ky in H1.
      replace (G (k h) - G (k 0) - D * y) with (((G (k h) - G (k 0)) / y - D) * y) by (field; auto).
      rewrite Rabs_mult. apply Rmult_le_compat_r; [apply Rabs_pos|lra]. }
  replace (G (k h) - G (k 0) - D * l * h) with ((G (k h) - G (k 0) - D * y) + D * (y - l * h)) by ring.
  eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_mult.
  assert (eps / (2 * a) * Rabs y <= eps / 2 * h).
  { eapply Rle_trans; [apply Rmult_le_compat_l; [lra|exact Y1]|]. apply Req_le. field. lra. }
  assert (Rabs D * Rabs (y - l * h) <= eps / 2 * h).
  { apply Rle_trans with (b * (eps / (2 * b) * h)).
    - apply Rmult_le_compat; auto using Rabs_pos. unfold b. lra.
    - apply Req_le. field. lra. }
  lra.
Qed.
Lemma right_slope_times c k l : right_slope k l -> right_slope (fun h => c * k h) (c * l).
Proof. intros K. apply (right_slope_chain (fun x => c * x)); auto. auto_derive; auto. ring. Qed.
Lemma right_slope_plus g k l m : right_slope g l -> right_slope k m ->
  right_slope (fun h => g h + k h) (l + m).
Proof.
  intros G K. apply (right_slope_times (-1)) in K. pose proof (right_slope_minus _ _ _ _ G K) as M.
  replace (l + m) with (l - -1 * m) by ring. revert M. apply right_slope_ext. intros. ring.
Qed.
Lemma right_slope_product g k l m : right_slope g l -> right_slope k m ->
  right_slope (fun h => g h * k h) (l * k 0 + g 0 * m).
Proof.
  intros G K.
  assert (Sq : forall f n, right_slope f n -> right_slope (fun h => f h * f h) (2 * f 0 * n)).
  { intros f n F. apply (right_slope_chain (fun x => x * x)); auto. auto_derive; auto. ring. }
  pose proof (Sq _ _ (right_slope_plus _ _ _ _ G K)) as P. pose proof (Sq _ _ (right_slope_minus _ _ _ _ G K)) as M.
  pose proof (right_slope_times (/ 4) _ _ (right_slope_minus _ _ _ _ P M)) as Z. cbv beta in Z.
  replace (l * k 0 + g 0 * m) with (/ 4 * (2 * (g 0 + k 0) * (l + m) - 2 * (g 0 - k 0) * (l - m))) by field.
  revert Z. apply right_slope_ext. intros. field.
Qed.
Lemma right_slope_relu k l : right_slope k l -> exists t, 0 <= t <= 1 /\
  right_slope (fun h => Rmax (k h) 0) (step t (k 0) * l).
Proof.
  intros K. exists (if Rlt_dec 0 l then 1 else 0). split; [destruct Rlt_dec; lra|].
  unfold step, slope_of. destruct (Rlt_dec 0 (k 0)) as [P|P]; [|destruct (Rlt_dec (k 0) 0) as [N|N]].
  - destruct (right_continuous k l K (k 0) P) as [d [D H]]. intros eps E. destruct (K eps E) as [e [Ee He]].
    exists (Rmin d e). split; [now apply Rmin_glb_lt|]. intros h Hh. pose proof (Rmin_l d e). pose proof (Rmin_r d e).
    specialize (H h ltac:(lra)). apply Rabs_def2 in H. rewrite !Rmax_left by lra.
    rewrite Rmult_1_l. apply He. lra.
  - destruct (right_continuous k l K (- k 0)) as [d [D H]]; [lra|]. intros eps E.
    exists d. split; auto. intros h Hh. specialize (H h ltac:(lra)). apply Rabs_def2 in H.
    rewrite !Rmax_right by lra. replace (0 - 0 - 0 * l * h) with 0 by ring. rewrite Rabs_R0. nra.
  - assert (Z : k 0 = 0) by lra. intros eps E. destruct (K eps E) as [e [Ee He]]. exists e. split; auto.
    intros h Hh. specialize (He h Hh). rewrite Z in *. rewrite (Rmax_left 0 0) by lra.
    apply Rabs_le_between in He. apply Rabs_le_between.
    destruct (Rlt_dec 0 l) as [L|L]; unfold Rmax; destruct Rle_dec; split; nra.
Qed.

(** ** Values along a curve *)

Lemma rises_const g v : (forall h, g h = Some v) -> rises g 0.
Proof. intros H. exists (fun _ => v), 1. split; [lra|]. split; [auto|apply right_slope_const]. Qed.
Lemma rises_ext g k l : (forall h, g h = k h) -> rises g l -> rises k l.
Proof.
  intros E [f [d [D [H S]]]]. exists f, d. split; auto. split; auto. intros h Hh. rewrite <- E. auto.
Qed.
(** What is computed from one or two values. *)
Lemma rises_lift1 f g l v F n : rises g l -> g 0 = Some v ->
  (forall k, k 0 = v -> right_slope k l -> right_slope (fun h => F (k h)) n /\
    exists d, 0 < d /\ forall h, 0 <= h < d -> f (k h) = Some (F (k h))) ->
  rises (fun h => lift1 f (g h)) n.
Proof.
  intros G V H. destruct (rises_value _ _ _ G V) as [k [d [D [K0 [Hk K]]]]].
  destruct (H k K0 K) as [S [e [E He]]]. exists (fun h => F (k h)), (Rmin d e).
  split; [now apply Rmin_glb_lt|]. split; auto. intros h Hh. pose proof (Rmin_l d e). pose proof (Rmin_r d e).
  rewrite Hk by lra. simpl. apply He. lra.
Qed.
Lemma rises_lift2 F g k l m v w n : rises g l -> rises k m -> g 0 = Some v -> k 0 = Some w ->
  (forall a b, a 0 = v -> b 0 = w -> right_slope a l -> right_slope b m -> right_slope (fun h => F (a h) (b h)) n) ->
  rises (fun h => lift2 (fun x y => Some (F x y)) (g h) (k h)) n.
Proof.
  intros G K V W H. destruct (rises_value _ _ _ G V) as [a [d [D [A0 [Ha A]]]]].
  destruct (rises_value _ _ _ K W) as [b [e [E [B0 [Hb B]]]]].
  exists (fun h => F (a h) (b h)), (Rmin d e). split; [now apply Rmin_glb_lt|]. split; auto.
  intros h Hh. pose proof (Rmin_l d e). pose proof (Rmin_r d e). rewrite Ha, Hb by lra. reflexivity.
Qed.

Lemma has_value_near g v : has_slope g v -> exists e, 0 < e /\ forall y, Rabs (y - v) < e -> has_value g y.
Proof.
  assert (T : (forall y, has_value g y) -> exists e, 0 < e /\ forall y, Rabs (y - v) < e -> has_value g y)
    by (intros H; exists 1; split; [lra|auto]).
  intros H. destruct g; simpl in *; try (apply T; auto; fail).
  - exists v. split; auto. intros y Y. apply Rabs_def2 in Y. lra.
  - exists v. split; auto. intros y Y. apply Rabs_def2 in Y. lra.
  - exists (Rabs v). split; [now apply Rabs_pos_lt|]. intros y Y ->. rewrite Rminus_0_l, Rabs_Ropp in Y. lra.
Qed.
Lemma rises_smooth g f l v : smooth g = true -> rises f l -> f 0 = Some v -> has_slope g v ->
  rises (fun h => lift1 (call g) (f h)) (slope_of 0 g v * l).
Proof.
  intros S F V H. apply (rises_lift1 (call g) f l v (value_of g)); auto. intros k K0 K. split.
  - apply right_slope_chain; auto. rewrite K0. now apply slope_correct.
  - destruct (has_value_near g v H) as [e [E He]]. destruct (right_continuous k l K e E) as [d [D Hd]].
    exists d. split; auto. intros h Hh. unfold call. destruct (has_value_dec g (k h)) as [_|N]; auto.
    elim N. apply He. rewrite <- K0. now apply Hd.
Qed.
Lemma rises_relu f l v : rises f l -> f 0 = Some v -> exists t, 0 <= t <= 1 /\
  rises (fun h => lift1 (fun x => Some (Rmax x 0)) (f h)) (step t v * l).
Proof.
  intros F V. destruct (rises_value _ _ _ F V) as [k [d [D [K0 [Hk K]]]]].
  destruct (right_slope_relu k l K) as [t [T S]]. exists t. split; auto. rewrite K0 in S.
  exists (fun h => Rmax (k h) 0), d. split; auto. split; auto. intros h Hh. now rewrite Hk.
Qed.
Lemma rises_dot row (F : nat -> R -> scalar) (m : list scalar) es b : forall args v d,
  (forall j, In j args -> forall v' d', F j 0 = Some v' -> get m (es j) = Some d' -> rises (F j) d') ->
  dot row (map (fun j => F j 0) args) b = Some v -> dot row (map (fun j => get m (es j)) args) 0 = Some d ->
  rises (fun h => dot row (map (fun j => F j h) args) b) d.
Proof.
  induction row as [|q row IH]; intros [|j args] v d H V Dd; simpl in *;
    try (inversion Dd; subst; now apply (rises_const _ b)).
  destruct (lift2_some _ _ _ _ V) as [a [r [A [B _]]]]. destruct (lift2_some _ _ _ _ Dd) as [a' [r' [A' [B' E]]]].
  inversion E; subst d; clear E.
  assert (R1 : rises (F j) a') by (apply (H j (or_introl eq_refl) a a'); auto).
  assert (R2 : rises (fun h => dot row (map (fun j => F j h) args) b) r').
  { apply (IH args r r'); auto. intros i I. apply H. now right. }
  refine (rises_lift2 (fun x y => Q2R q * x + y) (F j) _ a' r' a r _ R1 R2 A B _).
  intros f g _ _ Hf Hg. apply right_slope_plus; auto. now apply right_slope_times.
Qed.
