(** Rows of matrices times vectors of models, with one bound of the roundings of a row.

    A row is summed to nearest: the middles and radii of the ranges and of the centres, and the
    coefficients.  All sizes go into one number, [mag], which no partial sum exceeds, and what the
    roundings lose is within a multiple of the sum of its values (N. Higham, Accuracy and Stability of
    Numerical Algorithms, 2002, section 3.1; middles and radii: S. Rump, Fast and parallel interval
    arithmetic, 1999).  Two components are taken at a time, so that half as many sums are kept. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Floats Arith.
From Interval Require Import Float.Basic Float.Sig Real.Xreal.
From Certify Require Import Language Intervals Arithmetic Bounds Rounding Vectors Combinations Sizes Forms Quadratics.
From Certify Require Import Polynomials Models.
Import ListNotations.
Local Open Scope R_scope.
Notation u := unit_roundoff.

(** ** What the rows of a matrix share: each component once, None for one that is 0 *)

(** Middles and radii of the range and of the centre; [wide] is at least four times all sizes. *)
Record column := Column { mid : float; rad : float; mid_c : float; rad_c : float; wide : float }.
Record operand := Operand { ends_of : column; linear : vec }.
(** Numbers that say nothing. *)
Definition nowhere : column := Column nan nan nan nan nan.
Definition column_of (r c : interval) (steep : float) : column :=
  match centred r, centred c with
  | Some (m, d), Some (m', d') => Column m d m' d' (5 * grow (abs m) d (abs m') d' steep)
  | _, _ => nowhere
  end.
Definition operand_of (m : model) : option operand :=
  if is_zero (range m) then None
  else Some (Operand (column_of (range m) (centre (body m)) (steep (body m))) (slopes (body m))).
(** None where a component is undefined or has squares. *)
Fixpoint operands (v : list (option model)) : option (list (option operand)) :=
  match v with
  | [] => Some []
  | Some m :: v =>
    match squares (body m) with
    | [] => match operands v with Some l => Some (operand_of m :: l) | None => None end
    | _ => None
    end
  | None :: _ => None
  end.

(** ** Sums *)

(** Middles and radii; [off]: for weights that are no binary64 numbers, their distance from those used
    instead, times sizes. *)
Record sums := Sums { sum_mid : float; sum_rad : float; sum_mid_c : float; sum_rad_c : float;
                      mag : float; err : float; off : float }.
Definition nothing : sums := Sums 0 0 0 0 0 0 0.
Definition with_off (o : float) (s : sums) : sums :=
  Sums (sum_mid s) (sum_rad s) (sum_mid_c s) (sum_rad_c s) (mag s) (err s) o.
Definition step (k : float) (c : column) (s : sums) : sums :=
  let a := abs k in
  let m := ((mag s + (a + 1) * wide c) * brink)%float in
  Sums (k * mid c + sum_mid s) (a * rad c + sum_rad s) (k * mid_c c + sum_mid_c s)
       (a * rad_c c + sum_rad_c s) m ((err s + m) * brink) (off s).
Definition step_twice (k : float) (c : column) (k' : float) (c' : column) (s : sums) : sums :=
  let a := abs k in
  let a' := abs k' in
  let m := ((mag s + (a + 1) * wide c) * brink)%float in
  let m' := ((m + (a' + 1) * wide c') * brink)%float in
  Sums (k' * mid c' + (k * mid c + sum_mid s)) (a' * rad c' + (a * rad c + sum_rad s))
       (k' * mid_c c' + (k * mid_c c + sum_mid_c s)) (a' * rad_c c' + (a * rad_c c + sum_rad_c s))
       m' (((err s + m) * brink + m') * brink) (off s).
Definition loose_step (w : interval) (c : column) (s : sums) : sums :=
  let k := middle w in
  with_off (grow (off s) (mul_up (size (sub w (point k))) (wide c)) 0 0 0) (step k c s).

Definition is_finite_sum (s : sums) : bool :=
  finite (sum_mid s) && finite (sum_rad s) && (finite (sum_mid_c s) && finite (sum_rad_c s)) &&
  (finite (mag s) && finite (err s) && finite (off s)).
Definition slack (s : sums) : float := add_up (mul_up 0x1p-49 (err s)) (off s).
Definition ball (m r : float) : interval := Ends (add_down m (- r)) (add_up m r).
(** The polynomial and the range of a row. *)
Definition row_of (bias : interval) (s : sums) (g : vec) : poly * interval :=
  let n := norm g in
  if is_finite_sum s && finite n then
    let e := slack s in
    (Poly (sum bias (ball (sum_mid_c s) (add_up e (sum_rad_c s)))) g n [] 0,
     sum bias (ball (sum_mid s) (add_up e (sum_rad s))))
  else (constant unbounded, unbounded).

Fixpoint row_on (ws : list interval) (l : list (option operand)) (bias : interval) (s : sums) (g : vec)
  {struct ws} : poly * interval :=
  match ws, l with
  | w :: ws, Some o :: l =>
    if is_eq (high w) (low w) then
      if is_eq (low w) 0 then row_on ws l bias s g else paired w o ws l bias s g
    else row_on ws l bias (loose_step w (ends_of o) s) (add_scaled (middle w) (linear o) g)
  | _ :: ws, None :: l => row_on ws l bias s g
  | _, _ => row_of bias s g
  end
(** The same after the exact weight [w] and its operand, which wait for the next. *)
with paired (w : interval) (o : operand) (ws : list interval) (l : list (option operand))
  (bias : interval) (s : sums) (g : vec) {struct ws} : poly * interval :=
  match ws, l with
  | w' :: ws, Some o' :: l =>
    if is_eq (high w') (low w') then
      if is_eq (low w') 0 then paired w o ws l bias s g else
      row_on ws l bias (step_twice (low w) (ends_of o) (low w') (ends_of o') s)
        (add_scaled_twice w (linear o) w' (linear o') g)
    else
      row_on ws l bias (loose_step w' (ends_of o') (step (low w) (ends_of o) s))
        (add_scaled (middle w') (linear o') (add_scaled (low w) (linear o) g))
  | _ :: ws, None :: l => paired w o ws l bias s g
  | _, _ => row_of bias (step (low w) (ends_of o) s) (add_scaled (low w) (linear o) g)
  end.

(** * Soundness *)

Section Soundness.
Variable z : nat -> R.
Hypothesis Z : forall i, in_unit (z i).

(** What an operand says of a number [v] with the coefficients [g]. *)
Definition covers (c : column) (g : vec) (v : R) : Prop :=
  finite (mid c) = true -> finite (rad c) = true -> finite (mid_c c) = true -> finite (rad_c c) = true ->
  finite (wide c) = true ->
  4 * (Rabs (toR (mid c)) + toR (rad c) + Rabs (toR (mid_c c)) + toR (rad_c c) + (total g + tau)) <=
    toR (wide c) /\
  Rabs (v - toR (mid c)) <= toR (rad c) /\ Rabs (v - lin z 0 g - toR (mid_c c)) <= toR (rad_c c).
Definition good (s : sums) (g : vec) : Prop :=
  finite (sum_mid s) = true /\ finite (sum_rad s) = true /\ finite (sum_mid_c s) = true /\
  finite (sum_rad_c s) = true /\ finite (mag s) = true /\ finite (err s) = true /\
  finite (off s) = true /\ all_finite g.
Definition lost (s : sums) : R := 16 * u * toR (err s) + toR (off s).
(** [x]: the exact partial sum. *)
Definition sums_to (s : sums) (g : vec) (x : R) : Prop := good s g ->
  0 <= toR (mag s) /\ 0 <= toR (err s) /\ 0 <= toR (off s) /\
  (Rabs (toR (sum_mid s)) <= toR (mag s) /\ Rabs (toR (sum_rad s)) <= toR (mag s) /\
   Rabs (toR (sum_mid_c s)) <= toR (mag s) /\ Rabs (toR (sum_rad_c s)) <= toR (mag s) /\
   total g <= toR (mag s)) /\
  Rabs (x - toR (sum_mid s)) <= toR (sum_rad s) + lost s /\
  Rabs (x - lin z 0 g - toR (sum_mid_c s)) <= toR (sum_rad_c s) + lost s.

Lemma sums_to_nothing : sums_to nothing End 0.
Proof.
  intros _. unfold lost. simpl. rewrite !toR_0, Rabs_R0, !Rminus_0_r, Rabs_R0. repeat split; lra.
Qed.

Lemma step_ok s g x c v l k k0 o : sums_to s g x -> covers c l v ->
  (finite o = true -> finite (off s) = true) ->
  (finite k = true -> finite (wide c) = true -> finite o = true -> 0 <= toR (wide c) -> 0 <= toR (off s) ->
   toR (off s) + Rabs (k0 - toR k) * (toR (wide c) / 4) <= toR o) ->
  sums_to (with_off o (step k c s)) (add_scaled k l g) (x + k0 * v).
Proof.
  intros I C O1 O (Q0 & Q1 & Q2 & Q3 & Fm & Fe & Fo & Fg). simpl in Q0, Q1, Q2, Q3, Fm, Fe, Fo.
  rewrite add_scaled_eq in *.
  pose proof tau_pos. pose proof u_small as U. pose proof smallest_tau. pose proof smallest_pos.
  (* what is finite *)
  pose proof (comb_finite _ _ _ _ Fg) as [Fsl Fg0].
  assert (Fp : forall a e q, finite (a * e + q) = true -> finite a = true /\ finite e = true /\ finite q = true).
  { intros a e q' F. apply finite_plus in F; destruct F as [F1 F2]. apply finite_times in F1. tauto. }
  destruct (Fp _ _ _ Q0) as (Fk & E0 & A0). destruct (Fp _ _ _ Q1) as (_ & E1 & A1).
  destruct (Fp _ _ _ Q2) as (_ & E2 & A2). destruct (Fp _ _ _ Q3) as (_ & E3 & A3). clear Fp.
  pose proof (finite_times _ _ Fe) as [Fe0 _]. pose proof (finite_plus _ _ Fe0) as [Fe1 _].
  pose proof (finite_times _ _ Fm) as [Fm0 _]. pose proof (finite_plus _ _ Fm0) as [Fm1 Fm2].
  pose proof (finite_times _ _ Fm2) as [_ Fw].
  destruct (C E0 E1 E2 E3 Fw) as (S & V & Cv). clear C.
  pose proof (total_pos l) as Ts. pose proof (Rabs_pos (toR (mid c))). pose proof (Rabs_pos (toR (mid_c c))).
  pose proof (Rabs_pos (v - toR (mid c))). pose proof (Rabs_pos (v - lin z 0 l - toR (mid_c c))).
  specialize (O1 Fo).
  destruct I as (M0 & P0 & D0 & (B0 & B1 & B2 & B3 & Bg) & X & Cx); [unfold good; tauto|].
  pose proof (O Fk Fw Fo ltac:(lra) D0) as Dv. clear O.
  set (W := toR (wide c) / 4) in *.
  assert (S' : Rabs (toR (mid c)) + toR (rad c) + Rabs (toR (mid_c c)) + toR (rad_c c) + (total l + tau) <= W)
    by (unfold W; lra).
  assert (Wt : tau <= W) by lra.
  pose proof (mag_size k (mag s) (wide c) W Fm M0 Wt ltac:(unfold W; lra)) as G.
  set (m := ((mag s + (abs k + 1) * wide c) * brink)%float) in *. set (a := Rabs (toR k)) in *.
  assert (Pa : 0 <= a) by apply Rabs_pos.
  assert (Paw : 0 <= a * W) by (apply Rmult_le_pos; lra).
  assert (Pum : 0 <= u * toR (mag s)) by (apply Rmult_le_pos; lra).
  replace ((a + 1) * W) with (a * W + W) in G by ring.
  pose proof (brink_ok (err s) m (toR (err s)) (toR m) Fe ltac:(lra) ltac:(lra) ltac:(lra)) as Ge.
  assert (0 <= u * (toR (err s) + toR m)) by (apply Rmult_le_pos; lra).
  (* the ends *)
  assert (Ends4 : forall b e q', Rabs (toR b) = a -> finite (b * e + q') = true -> Rabs (toR e) <= W ->
    Rabs (toR q') <= toR (mag s) -> Rabs (toR (b * e + q')) <= toR m /\
    Rabs (toR (b * e + q') - (toR b * toR e + toR q')) <= 4 * u * (a * Rabs (toR e) + toR (mag s)) + u * W).
  { intros b e q' Eb F L L'. rewrite <- Eb. apply next_end; auto. rewrite Eb. lra. }
  assert (Ea : toR (abs k) = a) by (unfold a; apply toR_abs).
  assert (Eaa : Rabs (toR (abs k)) = a) by (rewrite Ea; apply Rabs_pos_eq, Pa).
  assert (Rr : Rabs (toR (rad c)) = toR (rad c)) by (apply Rabs_pos_eq; lra).
  assert (Rc : Rabs (toR (rad_c c)) = toR (rad_c c)) by (apply Rabs_pos_eq; lra).
  destruct (Ends4 _ _ _ eq_refl Q0 ltac:(lra) B0) as [N0 L0].
  destruct (Ends4 _ _ _ Eaa Q1 ltac:(lra) B1) as [N1 L1].
  destruct (Ends4 _ _ _ eq_refl Q2 ltac:(lra) B2) as [N2 L2].
  destruct (Ends4 _ _ _ Eaa Q3 ltac:(lra) B3) as [N3 L3]. clear Ends4.
  rewrite Ea, Rr in L1. rewrite Ea, Rc in L3.
  pose proof (comb_total k l g Fg) as Tg. fold a in Tg.
  assert (a * total l <= a * W) by (apply Rmult_le_compat_l; lra).
  assert (u * total g <= u * toR (mag s)) by (apply Rmult_le_compat_l; lra).
  assert (Tg' : total (comb k l 1 g) <= toR m).
  { replace ((a + 1) * total l) with (a * total l + total l) in Tg by ring. lra. }
  (* the number, and how far the weight is off *)
  assert (Vw : Rabs v <= W).
  { replace v with ((v - toR (mid c)) + toR (mid c)) by ring. eapply Rle_trans; [apply Rabs_triang|]. lra. }
  set (d := k0 - toR k) in *. pose proof (Rabs_pos d).
  assert (Dw : Rabs (d * v) <= Rabs d * W).
  { rewrite Rabs_mult. apply Rmult_le_compat_l; [apply Rabs_pos|exact Vw]. }
  assert (0 <= Rabs d * W) by (apply Rmult_le_pos; lra).
  assert (Kv : Rabs (toR k * (v - toR (mid c))) <= a * toR (rad c)).
  { rewrite Rabs_mult. fold a. apply Rmult_le_compat_l; lra. }
  assert (Kc : Rabs (toR k * (v - lin z 0 l - toR (mid_c c))) <= a * toR (rad_c c)).
  { rewrite Rabs_mult. fold a. apply Rmult_le_compat_l; lra. }
  (* what is lost *)
  assert (Um : u * (toR (mag s) + 2 * (a * W + W)) <= u * toR m) by (apply Rmult_le_compat_l; lra).
  assert (Ue : u * (toR (err s) + toR m) <= u * toR ((err s + m) * brink)) by (apply Rmult_le_compat_l; lra).
  assert (Aw : forall y, y <= W -> u * (a * y) <= u * (a * W)).
  { intros y Y. apply Rmult_le_compat_l; [lra|]. apply Rmult_le_compat_l; lra. }
  pose proof (Aw (Rabs (toR (mid c)) + toR (rad c)) ltac:(lra)) as A0'.
  pose proof (Aw (Rabs (toR (mid_c c)) + toR (rad_c c) + total l) ltac:(lra)) as A2'.
  assert (0 <= u * (a * W)) by (apply Rmult_le_pos; lra). assert (0 <= u * W) by (apply Rmult_le_pos; lra).
  pose proof (comb_ok z Z k l 1 g 0 Fg) as Lc. unfold loss in Lc. rewrite toR_1, Rabs_R1 in Lc. fold a in Lc.
  set (l' := lin z 0 (comb k l 1 g)) in *. set (l1 := lin z 0 l) in *. set (l0 := lin z 0 g) in *.
  assert (Th : theta <= / 4).
  { pose proof theta_tau. pose proof theta_pos. unfold theta. change (/ 4) with (Raux.bpow Zaux.radix2 (-2)).
    apply Raux.bpow_le. lia. }
  pose proof theta_pos as Tp. set (ts := total l) in *. set (tg := total g) in *.
  assert (0 <= tg) by apply total_pos.
  assert (Uts : u * (theta * ts) <= u * (/ 4 * W)).
  { apply Rmult_le_compat_l; [lra|]. apply Rmult_le_compat; lra. }
  assert (Utg : u * (theta * tg) <= u * (/ 4 * toR (mag s))).
  { apply Rmult_le_compat_l; [lra|]. apply Rmult_le_compat; lra. }
  set (y0 := toR (k * mid c + sum_mid s)) in *. set (y1 := toR (abs k * rad c + sum_rad s)) in *.
  set (y2 := toR (k * mid_c c + sum_mid_c s)) in *. set (y3 := toR (abs k * rad_c c + sum_rad_c s)) in *.
  assert (Ev : x + k0 * v - y0 =
    (x - toR (sum_mid s)) + toR k * (v - toR (mid c)) + d * v - (y0 - (toR k * toR (mid c) + toR (sum_mid s))))
    by (unfold d; ring).
  assert (Ec : x + k0 * v - l' - y2 =
    (x - l0 - toR (sum_mid_c s)) + toR k * (v - l1 - toR (mid_c c)) + d * v
    - (y2 - (toR k * toR (mid_c c) + toR (sum_mid_c s))) - (l' - (toR k * l1 + 1 * l0))) by (unfold d; ring).
  unfold sums_to, lost in *.
  change (sum_mid (with_off o (step k c s))) with (k * mid c + sum_mid s)%float.
  change (sum_rad (with_off o (step k c s))) with (abs k * rad c + sum_rad s)%float.
  change (sum_mid_c (with_off o (step k c s))) with (k * mid_c c + sum_mid_c s)%float.
  change (sum_rad_c (with_off o (step k c s))) with (abs k * rad_c c + sum_rad_c s)%float.
  change (mag (with_off o (step k c s))) with m. change (err (with_off o (step k c s))) with ((err s + m) * brink)%float.
  change (off (with_off o (step k c s))) with o. fold y0 y1 y2 y3 l' tg. rewrite Ev, Ec.
  apply Raux.Rabs_le_inv in L1, L3. clear Ev Ec.
  assert (G0 : Rabs (x - toR (sum_mid s) + toR k * (v - toR (mid c)) + d * v - (y0 - (toR k * toR (mid c) + toR (sum_mid s)))) <=
    y1 + (16 * u * toR ((err s + m) * brink) + toR o)).
  { eapply Rle_trans; [apply (four_terms _ _ _ _ _ _ _ _ X Kv Dw L0)|]. lra. }
  assert (G2 : Rabs (x - l0 - toR (sum_mid_c s) + toR k * (v - l1 - toR (mid_c c)) + d * v
    - (y2 - (toR k * toR (mid_c c) + toR (sum_mid_c s))) - (l' - (toR k * l1 + 1 * l0))) <=
    y3 + (16 * u * toR ((err s + m) * brink) + toR o)).
  { eapply Rle_trans; [apply (two_terms _ _ _ _ (four_terms _ _ _ _ _ _ _ _ Cx Kc Dw L2) Lc)|]. lra. }
  repeat split; auto; lra.
Qed.

(** ** Weights *)

Lemma exact_step_ok s g x w c l v k0 : sums_to s g x -> covers c l v -> is_eq (high w) (low w) = true ->
  contains w k0 -> sums_to (step (low w) c s) (add_scaled (low w) l g) (x + k0 * v).
Proof.
  intros I C Eq [Wl Wh]. apply (step_ok _ _ _ _ _ _ (low w) k0 (off s) I C); auto. intros Fk _ _ _ _.
  destruct (is_eq_finite _ _ Fk Eq) as [Fh Eh]. apply finite_lower in Wl; auto. apply finite_upper in Wh; auto.
  replace (k0 - toR (low w)) with 0 by lra. rewrite Rabs_R0. lra.
Qed.
Lemma loose_step_ok s g x w c l v k0 : sums_to s g x -> covers c l v -> contains w k0 ->
  sums_to (loose_step w c s) (add_scaled (middle w) l g) (x + k0 * v).
Proof.
  intros I C Wk. apply (step_ok _ _ _ _ _ _ (middle w) k0 _ I C); [intros Fo; now apply grow_finite in Fo|].
  intros Fk Fw Fo Pw Po. pose proof (grow_finite _ _ _ _ _ Fo) as (_ & Fu & _).
  pose proof (size_ok _ _ (sub_ok _ _ _ _ Wk (point_ok _ Fk))) as Sd.
  set (d := k0 - toR (middle w)) in *. pose proof (Rabs_pos d). pose proof tau_pos.
  assert (0 <= Rabs d * toR (wide c)) by (apply Rmult_le_pos; lra).
  assert (Um : upper (mul_up (size (sub w (point (middle w)))) (wide c)) (Rabs d * toR (wide c))).
  { apply mul_up_ok; auto. now apply upper_self. }
  apply finite_upper in Um; auto.
  assert (K : toR (off s) + Rabs d * toR (wide c) + 0 + 0 + (0 + tau) <=
    toR (grow (off s) (mul_up (size (sub w (point (middle w)))) (wide c)) 0 0 0)); [|lra].
  apply grow_ok; [exact Fo|..]; rewrite ?toR_0; lra.
Qed.
Lemma step_twice_eq k c k' c' s : step_twice k c k' c' s = step k' c' (step k c s).
Proof. reflexivity. Qed.

(** ** Operands *)

Lemma column_ok r p v : contains r v -> squares p = [] -> describes z p v ->
  covers (column_of r (centre p) (steep p)) (slopes p) v.
Proof.
  intros Vr Sq [Sp [c [Vc Ev]]] F0 F1 F2 F3 Fw. unfold column_of in *.
  destruct (centred r) as [[m d]|] eqn:E; [|discriminate Fw].
  destruct (centred (centre p)) as [[m' d']|] eqn:E'; [|discriminate Fw]. simpl in *.
  destruct (centred_ok _ _ _ _ E Vr) as (_ & _ & t & T & Et). destruct (centred_ok _ _ _ _ E' Vc) as (_ & _ & t' & T' & Et').
  pose proof (centred_radius _ _ _ E) as Pd. pose proof (centred_radius _ _ _ E') as Pd'.
  pose proof (finite_times _ _ Fw) as [_ Fg]. pose proof u_small. pose proof tau_pos.
  set (T4 := Rabs (toR m) + toR d + Rabs (toR m') + toR d' + (total (slopes p) + tau)).
  assert (G : T4 <= toR (grow (abs m) d (abs m') d' (steep p))).
  { apply grow_ok; [exact Fg|..]; rewrite ?toR_abs; try (split; [|apply Rle_refl]); auto using Rabs_pos.
    split; [apply total_pos|apply Sp]. }
  assert (P : tau <= T4).
  { unfold T4. pose proof (Rabs_pos (toR m)). pose proof (Rabs_pos (toR m')). pose proof (total_pos (slopes p)). lra. }
  assert (E5 : toR 5 = 5) by (apply (toR_Z 5 5), (F.fromZ_correct 5); simpl; lia).
  pose proof (prod_below 5 _ 5 T4 Fw ltac:(lra) ltac:(lra)) as B. pose proof smallest_tau. pose proof smallest_pos.
  assert (u * tau <= / 1000000 * T4) by (apply Rmult_le_compat; lra).
  assert (u * (5 * T4) <= / 1000000 * (5 * T4)) by (apply Rmult_le_compat_r; lra).
  split; [lra|]. split; [rewrite Et; now apply within|].
  replace (v - lin z 0 (slopes p)) with c by (rewrite Ev, Sq; simpl; ring). rewrite Et'. now apply within.
Qed.

Definition stands (a : option operand) (y : scalar) : Prop :=
  exists v, y = Some v /\ match a with Some o => covers (ends_of o) (linear o) v | None => v = 0 end.
Lemma operands_ok ms : forall l (v : vector), operands ms = Some l ->
  Forall2 (fun m a => match m with None => True | Some m => exists y, a = Some y /\ models z m y end) ms v ->
  Forall2 stands l v.
Proof.
  induction ms as [|[m|] ms IH]; intros l v E M; simpl in E; try discriminate.
  - inversion E; subst. inversion M. constructor.
  - destruct (squares (body m)) eqn:Sq; [|discriminate]. destruct (operands ms) as [l'|]; [|discriminate].
    inversion E; subst; clear E. inversion M as [|? a ? v' Ha M']; subst.
    destruct Ha as [y [-> [R P]]]. constructor; auto.
    exists y. split; auto. unfold operand_of. destruct (is_zero (range m)) eqn:Zr; [now apply (is_zero_ok _ _ Zr)|].
    now apply column_ok.
Qed.

(** ** Rows *)

Definition fits (r : poly * interval) (x : R) : Prop := contains (snd r) x /\ describes z (fst r) x.
Lemma ball_ok m r y e x : finite m = true -> upper r e -> Rabs (y - toR m) <= e -> x = y -> contains (ball m r) x.
Proof.
  intros F U L ->. apply Raux.Rabs_le_inv in L. split; cbn [low high ball].
  - apply (lower_le _ (toR m + - e)); [|lra]. apply add_down_ok; [|now apply opp_lower].
    apply finite_lower; auto. apply Rle_refl.
  - apply (upper_le _ (toR m + e)); [|lra]. apply add_up_ok; auto. now apply upper_self.
Qed.
Lemma row_of_ok bias b s g x : contains bias b -> sums_to s g x -> fits (row_of bias s g) (x + b).
Proof.
  intros B I. unfold row_of. cbv zeta. destruct (is_finite_sum s && finite (norm g)) eqn:F;
    [|split; [apply unbounded_ok|apply constant_ok, unbounded_ok]].
  apply andb_prop in F; destruct F as [F Fn]. unfold is_finite_sum in F. apply andb_prop in F; destruct F as [F F'].
  apply andb_prop in F, F'. destruct F as [Fa Fb], F' as [Fc Fo]. apply andb_prop in Fa, Fb, Fc.
  pose proof (norm_finite _ Fn) as Fg. pose proof (norm_ok _ Fn) as Ng.
  destruct I as (_ & Pe & Po & _ & X & C); [unfold good; tauto|].
  assert (S : upper (slack s) (lost s)).
  { unfold slack, lost. apply add_up_ok; [|apply upper_self; tauto].
    assert (E : toR 0x1p-49 = 16 * u).
    { rewrite (toR_power _ (-101)) by reflexivity. unfold unit_roundoff. simpl. lra. }
    pose proof u_small. apply mul_up_ok; [rewrite <- E; now apply upper_self|apply upper_self; tauto|lra|lra]. }
  split.
  - cbn [snd]. rewrite Rplus_comm. apply sum_ok; auto.
    apply (ball_ok _ _ x (lost s + toR (sum_rad s))); auto; try tauto; [|lra].
    apply add_up_ok; auto. apply upper_self; tauto.
  - split; [unfold sized; simpl; rewrite toR_0; repeat split; auto; try lra; constructor|].
    exists (b + (x - lin z 0 g)). split; [|simpl; ring]. apply sum_ok; auto.
    apply (ball_ok _ _ (x - lin z 0 g) (lost s + toR (sum_rad_c s))); auto; try tauto; [|lra].
    apply add_up_ok; auto. apply upper_self; tauto.
Qed.

Lemma row_on_ok bias b ws : contains bias b ->
  forall l qs (v : vector) s g x, Forall2 (fun i k => contains i (Q2R k)) ws qs -> Forall2 stands l v ->
  sums_to s g x -> exists y, dot qs v b = Some (y + b) /\
    fits (row_on ws l bias s g) (x + y + b) /\
    forall w k0 o v0, is_eq (high w) (low w) = true -> contains w k0 -> covers (ends_of o) (linear o) v0 ->
      fits (paired w o ws l bias s g) (x + k0 * v0 + y + b).
Proof.
  intros B. induction ws as [|w ws IH]; intros l qs v s g x Q M I; inversion Q as [|? k ? qs' Wk Q']; subst.
  { exists 0. simpl. rewrite Rplus_0_l. split; auto. split; [|intros w k0 o v0 Eq W C; rewrite Rplus_0_r].
    - destruct l; rewrite Rplus_0_r; now apply row_of_ok.
    - apply row_of_ok; auto. now apply exact_step_ok. }
  inversion M as [|a y l' v' Ha M']; subst.
  { exists 0. simpl. rewrite Rplus_0_l, !Rplus_0_r. split; auto. split; [now apply row_of_ok|].
    intros w' k0 o v0 Eq W C. rewrite Rplus_0_r. apply row_of_ok; auto. now apply exact_step_ok. }
  destruct Ha as [e [-> H]].
  destruct a as [o|]; simpl.
  2:{ subst e. destruct (IH _ _ _ s g x Q' M' I) as (y & D & F & P). exists y. rewrite D. simpl.
      split; [f_equal; ring|]. auto. }
  destruct (is_eq (high w) (low w)) eqn:Eq; [destruct (is_eq (low w) 0) eqn:E0|].
  - destruct (IH _ _ _ s g x Q' M' I) as (y & D & F & P). exists y. rewrite D. simpl.
    assert (K : Q2R k = 0).
    { destruct (is_eq_finite (low w) 0 eq_refl E0) as [Fl El]. destruct (is_eq_finite _ _ Fl Eq) as [Fh Eh].
      destruct Wk as [Wl Wh]. apply finite_lower in Wl; auto. apply finite_upper in Wh; auto.
      rewrite toR_0 in El. lra. }
    split; [f_equal; rewrite K; ring|]. auto.
  - pose proof (exact_step_ok _ _ _ _ _ _ _ _ I H Eq Wk) as I1.
    destruct (IH _ _ _ _ _ _ Q' M' I) as (y & D & _ & P). exists (Q2R k * e + y). rewrite D. simpl.
    split; [f_equal; ring|]. split; [|intros w' k0 o' v0 Eq' W C].
    + replace (x + (Q2R k * e + y) + b) with (x + Q2R k * e + y + b) by ring. now apply P.
    + rewrite step_twice_eq, add_scaled_twice_eq.
      pose proof (exact_step_ok _ _ _ _ _ _ _ _ (exact_step_ok _ _ _ _ _ _ _ _ I C Eq' W) H Eq Wk) as I2.
      destruct (IH _ _ _ _ _ _ Q' M' I2) as (y2 & D2 & F2 & _). rewrite D in D2. inversion D2.
      replace y2 with y in F2 by lra.
      replace (x + k0 * v0 + (Q2R k * e + y) + b) with (x + k0 * v0 + Q2R k * e + y + b) by ring. exact F2.
  - pose proof (loose_step_ok _ _ _ _ _ _ _ _ I H Wk) as I1.
    destruct (IH _ _ _ _ _ _ Q' M' I1) as (y & D & F & _). exists (Q2R k * e + y). rewrite D. simpl.
    split; [f_equal; ring|]. split; [|intros w' k0 o' v0 Eq' W C].
    + replace (x + (Q2R k * e + y) + b) with (x + Q2R k * e + y + b) by ring. exact F.
    + pose proof (loose_step_ok _ _ _ _ _ _ _ _ (exact_step_ok _ _ _ _ _ _ _ _ I C Eq' W) H Wk) as I2.
      destruct (IH _ _ _ _ _ _ Q' M' I2) as (y2 & D2 & F2 & _). rewrite D in D2. inversion D2.
      replace y2 with y in F2 by lra.
      replace (x + k0 * v0 + (Q2R k * e + y) + b) with (x + k0 * v0 + Q2R k * e + y + b) by ring. exact F2.
Qed.
End Soundness.
