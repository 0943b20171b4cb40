(** Sizes of what is computed in binary64: products from below, and coefficients of linear combinations;
    vectors times numbers added up. *)
From Coq Require Import Reals List Lra Lia Psatz Bool Floats.
From Interval Require Import Float.Basic Float.Sig Real.Xreal Float.Primitive_ops.
From Flocq.Core Require Import Zaux Raux Generic_fmt.
From Flocq.IEEE754 Require Import BinarySingleNaN.
From Flocq.IEEE754 Require PrimFloat.
From Certify Require Import Intervals Arithmetic Bounds Rounding Vectors Combinations.
Local Open Scope R_scope.
Local Notation u := unit_roundoff.

Lemma prod_below a b x y : finite (a * b) = true -> 0 <= x <= toR a -> 0 <= y <= toR b ->
  (1 - u) * (x * y) - smallest <= toR (a * b).
Proof.
  intros F A B. pose proof (times_error a b F) as E. pose proof u_small. pose proof smallest_pos.
  assert (0 <= x * y) by (apply Rmult_le_pos; lra).
  assert (x * y <= toR a * toR b) by (apply Rmult_le_compat; lra).
  rewrite (Rabs_pos_eq (toR a * toR b)) in E by lra.
  assert (toR (a * b) >= (1 - u) * (toR a * toR b) - smallest).
  { revert E. unfold Rabs. destruct Rcase_abs; lra. }
  assert ((1 - u) * (x * y) <= (1 - u) * (toR a * toR b)) by (apply Rmult_le_compat_l; lra). lra.
Qed.
Lemma smallest_tau : 16 * smallest <= u * tau.
Proof.
  pose proof smallest_covered. pose proof tau_pos. pose proof u_small.
  assert (theta <= 1).
  { unfold theta. change 1 with (Raux.bpow Zaux.radix2 0). apply Raux.bpow_le. lia. }
  assert (u * (theta * tau) <= u * tau); [|lra].
  apply Rmult_le_compat_l; [lra|]. rewrite <- (Rmult_1_l tau) at 2. apply Rmult_le_compat_r; lra.
Qed.

Lemma vscale_finite a v : all_finite (vscale a v) -> all_finite v.
Proof.
  induction v; simpl; auto. intros [(A & B & C & D) H]. simpl in *.
  apply finite_times in A, B, C, D. unfold all4. tauto.
Qed.
Lemma comb_finite a v : forall b w, all_finite (comb a v b w) -> all_finite v /\ all_finite w.
Proof.
  assert (S : forall b g, all4 (scale4 b g) -> all4 g).
  { intros b g (A & B & C & D). simpl in *. apply finite_times in A, B, C, D. unfold all4. tauto. }
  induction v as [|v IH|f v IH]; intros b w H.
  - simpl in *. split; auto. now apply vscale_finite in H.
  - destruct w as [|w|g w].
    + split; [now apply (vscale_finite a (Skip v))|exact I].
    + simpl in *. eauto.
    + simpl in *. destruct H as [A H]. apply IH in H. apply S in A. tauto.
  - destruct w as [|w|g w].
    + split; [now apply (vscale_finite a (Part f v))|exact I].
    + simpl in *. destruct H as [A H]. apply IH in H. apply S in A. tauto.
    + simpl in *. destruct H as [(A & B & C & D) H]. apply IH in H. simpl in *.
      apply finite_plus in A, B, C, D. destruct A as [A A'], B as [B B'], C as [C C'], D as [D D'].
      apply finite_times in A, B, C, D, A', B', C', D'. unfold all4. tauto.
Qed.

(** Sizes of sums. *)
Lemma size_by a b e : Rabs (a - b) <= e -> Rabs a <= Rabs b + e.
Proof. intros H. replace a with (b + (a - b)) at 1 by ring. eapply Rle_trans; [apply Rabs_triang|lra]. Qed.
Lemma sum4_scaled a f : all4 (scale4 a f) ->
  sum4 (scale4 a f) <= (1 + 2 * u) * (Rabs (toR a) * sum4 f) + 8 * smallest.
Proof.
  intros (A & B & C & D). unfold sum4. simpl in *.
  assert (E : forall x, finite (a * x) = true ->
    Rabs (toR (a * x)) <= (1 + 2 * u) * (Rabs (toR a) * Rabs (toR x)) + 2 * smallest).
  { intros x F. pose proof (size_by _ _ _ (scale_error a x F)) as K. rewrite Rabs_mult in K. lra. }
  pose proof (E _ A). pose proof (E _ B). pose proof (E _ C). pose proof (E _ D). lra.
Qed.
Lemma sum4_comb a f b g : all4 (comb4 a f b g) ->
  sum4 (comb4 a f b g) <=
  (1 + 4 * u) * (Rabs (toR a) * sum4 f) + (1 + 4 * u) * (Rabs (toR b) * sum4 g) + 16 * smallest.
Proof.
  intros (A & B & C & D). unfold sum4. simpl in *.
  assert (E : forall x y, finite (a * x + b * y) = true -> Rabs (toR (a * x + b * y)) <=
    (1 + 4 * u) * (Rabs (toR a) * Rabs (toR x)) + (1 + 4 * u) * (Rabs (toR b) * Rabs (toR y)) + 4 * smallest).
  { intros x y F. pose proof (size_by _ _ _ (comb_error a x b y F)) as K.
    pose proof (Rabs_triang (toR a * toR x) (toR b * toR y)) as T. rewrite !Rabs_mult in T. lra. }
  pose proof (E _ _ A). pose proof (E _ _ B). pose proof (E _ _ C). pose proof (E _ _ D). lra.
Qed.
Lemma vscale_total a v : all_finite (vscale a v) -> total (vscale a v) <= 2 * ((Rabs (toR a) + 1) * total v).
Proof.
  pose proof u_small. pose proof tau_pos. pose proof smallest_tau. pose proof smallest_pos. pose proof (Rabs_pos (toR a)).
  induction v; simpl; [intros _; lra|exact IHv|]. intros [A H']. specialize (IHv H'). pose proof (sum4_scaled a f A).
  pose proof (sum4_pos f). pose proof (total_pos v).
  assert (0 <= Rabs (toR a) * sum4 f) by (apply Rmult_le_pos; lra).
  assert (0 <= Rabs (toR a) * tau) by (apply Rmult_le_pos; lra).
  assert (u * (Rabs (toR a) * sum4 f) <= / 1000000 * (Rabs (toR a) * sum4 f)) by (apply Rmult_le_compat_r; lra).
  assert (u * tau <= / 1000000 * tau) by (apply Rmult_le_compat_r; lra). lra.
Qed.
Lemma vscale_one v : all_finite (vscale 1 v) -> total (vscale 1 v) <= (1 + 8 * u) * total v.
Proof.
  pose proof u_small. pose proof tau_pos. pose proof smallest_tau.
  induction v; simpl; [intros _; lra|exact IHv|]. intros [A H']. specialize (IHv H'). pose proof (sum4_scaled 1 f A) as S.
  rewrite toR_1, Rabs_R1 in S. pose proof (sum4_pos f). pose proof (total_pos v).
  assert (0 <= u * sum4 f) by (apply Rmult_le_pos; lra). pose proof smallest_pos. lra.
Qed.
Lemma comb_total a v : forall w, all_finite (comb a v 1 w) ->
  total (comb a v 1 w) <= 2 * ((Rabs (toR a) + 1) * total v) + (1 + 8 * u) * total w.
Proof.
  pose proof u_small. pose proof tau_pos. pose proof smallest_tau. pose proof smallest_pos. pose proof (Rabs_pos (toR a)).
  assert (Pa : forall f, 0 <= Rabs (toR a) * sum4 f /\ u * (Rabs (toR a) * sum4 f) <= / 1000000 * (Rabs (toR a) * sum4 f)).
  { intros f. pose proof (sum4_pos f). assert (0 <= Rabs (toR a) * sum4 f) by (apply Rmult_le_pos; lra).
    split; auto. apply Rmult_le_compat_r; lra. }
  assert (0 <= Rabs (toR a) * tau) by (apply Rmult_le_pos; lra).
  assert (u * tau <= / 1000000 * tau) by (apply Rmult_le_compat_r; lra).
  assert (Pb : forall f, 0 <= u * sum4 f) by (intros; apply Rmult_le_pos; [lra|apply sum4_pos]).
  induction v as [|v IH|f v IH]; intros w F.
  - simpl in *. pose proof (vscale_one w F). lra.
  - destruct w as [|w|g w].
    + change (comb a (Skip v) 1 End) with (vscale a (Skip v)) in *.
      pose proof (vscale_total a (Skip v) F). simpl in *. lra.
    + simpl in *. now apply IH.
    + simpl in *. destruct F as [A F]. specialize (IH _ F). pose proof (sum4_scaled 1 g A) as S.
      rewrite toR_1, Rabs_R1 in S. pose proof (Pb g). pose proof (sum4_pos g). lra.
  - destruct w as [|w|g w].
    + change (comb a (Part f v) 1 End) with (vscale a (Part f v)) in *.
      pose proof (vscale_total a (Part f v) F). simpl in *. lra.
    + simpl in *. destruct F as [A F]. specialize (IH _ F). pose proof (sum4_scaled a f A) as S.
      pose proof (Pa f). pose proof (sum4_pos f). lra.
    + simpl in *. destruct F as [A F]. specialize (IH _ F). pose proof (sum4_comb a f 1 g A) as S.
      rewrite toR_1, Rabs_R1 in S. pose proof (Pa f). pose proof (sum4_pos f). pose proof (Pb g).
      pose proof (sum4_pos g). lra.
Qed.

(** * A vector times a number and another vector *)

Lemma one_times x : (1 * x)%float = x.
Proof.
  apply IEEE754.PrimFloat.Prim2B_inj. rewrite IEEE754.PrimFloat.mul_equiv.
  pose proof (Bmult_correct _ _ IEEE754.PrimFloat.Hprec IEEE754.PrimFloat.Hmax mode_NE (binary 1) (binary x)) as C.
  assert (E1 : B2R (binary 1) = 1) by (rewrite <- (proj2 (toR_binary 1)); apply toR_1).
  assert (F1 : is_finite (binary 1) = true) by (rewrite <- (proj1 (toR_binary 1)); reflexivity).
  assert (S1 : Bsign (binary 1) = false).
  { destruct (binary 1) as [[]|[]| |[]]; try reflexivity; try discriminate F1; simpl in E1; try lra.
    exfalso. revert E1. match goal with |- ?f = 1 -> _ => assert (f < 0) by now apply Float_prop.F2R_lt_0 end. lra. }
  rewrite E1, S1, F1, Rmult_1_l, round_generic, Rlt_bool_true in C;
    try apply generic_format_B2R; try apply abs_B2R_lt_emax; [|apply Generic_fmt.valid_rnd_N].
  destruct C as [C [F G]]. destruct (is_finite (binary x)) eqn:Fx.
  - apply B2R_Bsign_inj; auto. rewrite G; [apply xorb_false_l|]. now destruct (Bmult _ _ _).
  - destruct (binary 1) as [[]|[]| |[]]; try discriminate F1; try discriminate S1; simpl in E1; try lra;
      destruct (binary x) as [[]|[]| |[]]; try discriminate Fx; reflexivity.
Qed.

Definition add4 (k : float) (f g : four) : four :=
  Four (k * f0 f + f0 g) (k * f1 f + f1 g) (k * f2 f + f2 g) (k * f3 f + f3 g).
Fixpoint add_scaled (k : float) (v g : vec) : vec :=
  match v, g with
  | End, g => g
  | v, End => vscale k v
  | Skip v, Skip g => Skip (add_scaled k v g)
  | Skip v, Part f g => Part f (add_scaled k v g)
  | Part f v, Skip g => Part (scale4 k f) (add_scaled k v g)
  | Part f v, Part h g => Part (add4 k f h) (add_scaled k v g)
  end.
(** Two of them, which does not keep what is between. *)
Definition add4_twice (k : float) (f : four) (k' : float) (f' g : four) : four :=
  Four (k' * f0 f' + (k * f0 f + f0 g)) (k' * f1 f' + (k * f1 f + f1 g))
       (k' * f2 f' + (k * f2 f + f2 g)) (k' * f3 f' + (k * f3 f + f3 g)).
Fixpoint add_scaled_twice (w : interval) (v : vec) (w' : interval) (v' g : vec) : vec :=
  match v, v', g with
  | Part f v, Part f' v', Part h g =>
    Part (add4_twice (low w) f (low w') f' h) (add_scaled_twice w v w' v' g)
  | End, End, g => g
  | v, v', g => add_scaled (low w') v' (add_scaled (low w) v g)
  end.

Lemma scale4_one f : scale4 1 f = f.
Proof. destruct f. unfold scale4. simpl. now rewrite !one_times. Qed.
Lemma vscale_one_eq v : vscale 1 v = v.
Proof. induction v as [|v IH|f v IH]; simpl; rewrite ?scale4_one, ?IH; reflexivity. Qed.
Lemma add_scaled_eq k v : forall g, add_scaled k v g = comb k v 1 g.
Proof.
  assert (A : forall f h, add4 k f h = comb4 k f 1 h)
    by (intros; unfold add4, comb4; now rewrite !one_times).
  induction v as [|v IH|f v IH]; intros [|g|h g]; simpl; rewrite ?vscale_one_eq, ?scale4_one, ?IH, ?A; reflexivity.
Qed.
Lemma add_scaled_twice_eq w w' v : forall v' g,
  add_scaled_twice w v w' v' g = add_scaled (low w') v' (add_scaled (low w) v g).
Proof.
  induction v as [|v IH|f v IH]; intros [|v'|f' v'] [|g|h g]; try reflexivity. simpl. now rewrite IH.
Qed.

(** * Sums of sizes, kept above what roundings lose *)

Definition brink : float := 0x1.0000000001p+0%float.
Lemma toR_brink : toR brink = 1 + 8192 * u.
Proof.
  unfold toR, F.toR, F.toX, unit_roundoff.
  replace (F.toF brink) with (Basic.Float false 4503599627374592 (-52) : Basic.float F.radix) by reflexivity.
  simpl. unfold FtoR. simpl. lra.
Qed.
Lemma brink_ok a b x y : finite ((a + b) * brink) = true -> 0 <= x <= toR a -> 0 <= y <= toR b ->
  tau <= x + y -> (1 + 8 * u) * (x + y) <= toR ((a + b) * brink).
Proof.
  intros F A B T. pose proof (finite_times _ _ F) as [F1 _]. pose proof u_small as U.
  pose proof (sum_below a b x y F1 A B) as S.
  assert (P : 0 <= (1 - u) * (x + y)) by (apply Rmult_le_pos; lra).
  pose proof (prod_below _ _ _ (1 + 8192 * u) F (conj P S) ltac:(rewrite toR_brink; lra)) as K.
  pose proof smallest_tau. pose proof smallest_pos.
  assert (u * tau <= u * (x + y)) by (apply Rmult_le_compat_l; lra).
  revert K H. set (s := x + y) in *. set (t := smallest) in *. unfold unit_roundoff in *. lra.
Qed.

(** One component: what the rounding of [k e + q] loses, and that it stays below the new size. *)
Lemma next_end k e q W M m : finite (k * e + q) = true -> Rabs (toR e) <= W -> Rabs (toR q) <= M ->
  tau <= W -> 0 <= M -> M + 2 * ((Rabs (toR k) + 1) * W) + 8 * (u * M) <= m ->
  Rabs (toR (k * e + q)) <= m /\
  Rabs (toR (k * e + q) - (toR k * toR e + toR q)) <= 4 * u * (Rabs (toR k) * Rabs (toR e) + M) + u * W.
Proof.
  rewrite <- (one_times q) at 1 3 4. intros F E Q T P G.
  pose proof (comb_error k e 1 q F) as C. rewrite toR_1, Rabs_R1 in C.
  replace (toR k * toR e + 1 * toR q) with (toR k * toR e + toR q) in C by ring.
  pose proof smallest_tau. pose proof smallest_pos. pose proof u_small. pose proof (Rabs_pos (toR k)). pose proof (Rabs_pos (toR e)).
  assert (0 <= Rabs (toR k) * Rabs (toR e)) by (apply Rmult_le_pos; lra).
  assert (K : Rabs (toR k) * Rabs (toR e) <= Rabs (toR k) * W) by (apply Rmult_le_compat_l; lra).
  assert (u * tau <= u * W) by (apply Rmult_le_compat_l; lra).
  assert (u * Rabs (toR q) <= u * M) by (apply Rmult_le_compat_l; lra).
  assert (u * (Rabs (toR k) * Rabs (toR e)) <= / 1000000 * (Rabs (toR k) * W)).
  { apply Rmult_le_compat; lra. }
  assert (u * W <= / 1000000 * W) by (apply Rmult_le_compat_r; lra).
  assert (0 <= u * M) by (apply Rmult_le_pos; lra).
  split; [|lra].
  pose proof (size_by _ _ _ C) as S. pose proof (Rabs_triang (toR k * toR e) (toR q)) as Tr.
  rewrite Rabs_mult in Tr. lra.
Qed.

Lemma mag_size k M w W : finite ((M + (abs k + 1) * w) * brink) = true ->
  0 <= toR M -> tau <= W -> 4 * W <= toR w ->
  toR M + 2 * ((Rabs (toR k) + 1) * W) + 8 * (u * toR M) <= toR ((M + (abs k + 1) * w) * brink).
Proof.
  intros F P T S. pose proof (finite_times _ _ F) as [F1 _]. pose proof (finite_plus _ _ F1) as [_ F2].
  pose proof (finite_times _ _ F2) as [F3 _].
  pose proof tau_pos. pose proof u_small as U. pose proof smallest_tau. pose proof smallest_pos.
  set (a := Rabs (toR k)). assert (A : 0 <= a) by apply Rabs_pos.
  assert (Ea : 0 <= a <= toR (abs k)) by (rewrite toR_abs; fold a; lra).
  pose proof (sum_below (abs k) 1 a 1 F3 Ea ltac:(rewrite toR_1; lra)) as B1.
  assert (P1 : 0 <= (1 - u) * (a + 1)) by (apply Rmult_le_pos; lra).
  pose proof (prod_below _ _ _ (4 * W) F2 (conj P1 B1) ltac:(lra)) as B2.
  set (p := (a + 1) * W) in *. assert (Pw : W <= p).
  { unfold p. rewrite <- (Rmult_1_l W) at 1. apply Rmult_le_compat_r; lra. }
  replace ((1 - u) * ((1 - u) * (a + 1) * (4 * W))) with (4 * ((1 - u) * ((1 - u) * p))) in B2 by (unfold p; ring).
  assert (u * tau <= / 1000000 * W) by (apply Rmult_le_compat; lra).
  assert (P2 : 3 * p <= 4 * ((1 - u) * ((1 - u) * p)) - smallest).
  { assert (9 / 10 * p <= (1 - u) * p) by (apply Rmult_le_compat_r; lra).
    assert (9 / 10 * (9 / 10 * p) <= (1 - u) * ((1 - u) * p)) by (apply Rmult_le_compat; lra). lra. }
  pose proof (brink_ok M _ (toR M) (3 * p) F ltac:(lra) ltac:(lra) ltac:(lra)) as G.
  assert (0 <= u * p) by (apply Rmult_le_pos; lra). lra.
Qed.

(** * Middles and radii *)

Lemma two_terms a b x y : Rabs a <= x -> Rabs b <= y -> Rabs (a - b) <= x + y.
Proof. intros. unfold Rminus. eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_Ropp. lra. Qed.
Lemma four_terms a b c d x y p q : Rabs a <= x -> Rabs b <= y -> Rabs c <= p -> Rabs d <= q ->
  Rabs (a + b + c - d) <= x + y + p + q.
Proof.
  intros. apply two_terms; auto. pose proof (Rabs_triang (a + b) c). pose proof (Rabs_triang a b). lra.
Qed.
Lemma centred_radius i m r : centred i = Some (m, r) -> 0 <= toR r.
Proof.
  unfold centred. destruct (_ && _) eqn:E; [|discriminate]. intros K. inversion K; subst m r.
  apply andb_prop in E; destruct E as [_ E]. apply andb_prop in E; destruct E as [F L].
  rewrite <- toR_0. apply (le_finite 0 (size (sub i (point (middle i))))); auto.
  apply finite_lower; auto. apply Rle_refl.
Qed.
Lemma within m d t : 0 <= d -> -1 <= t <= 1 -> Rabs (m + d * t - m) <= d.
Proof.
  intros D T. replace (m + d * t - m) with (d * t) by ring. rewrite Rabs_mult, (Rabs_pos_eq d) by auto.
  rewrite <- (Rmult_1_r d) at 2. apply Rmult_le_compat_l; auto. apply Rabs_le. lra.
Qed.
