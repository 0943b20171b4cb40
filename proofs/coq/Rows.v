(** Rows of matrices times vectors of models: one bound for the roundings of a whole row.

    Ends of intervals and coefficients are summed to nearest.  All sizes go into one number, [mag], which
    no partial sum exceeds, and what the roundings lose is within a multiple of the sum of its values
    (N. Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.1). *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Floats Arith.
From Interval Require Import Float.Basic Float.Sig Real.Xreal.
From Certify Require Import Language Intervals Arithmetic Rounding Vectors Sizes Forms Quadratics.
From Certify Require Import Polynomials Models.
Import ListNotations.
Local Open Scope R_scope.
Notation u := unit_roundoff.

(** [off]: for weights that are no binary64 numbers, their distance from those used instead. *)
Record track := Track { mag : float; err : float; off : float }.

(** Ends of the range and of the centre, each where [k] times it is the end of the product. *)
Definition ends_by (k : float) (r c : interval) : four :=
  if is_lt k 0 then Four (high r) (low r) (high c) (low c) else Four (low r) (high r) (low c) (high c).
Definition model_size (m : model) : float :=
  grow (abs (low (range m))) (abs (high (range m))) (abs (low (centre (body m))))
       (abs (high (centre (body m)))) (steep (body m)).
Definition near_weight (w : interval) : float := if is_eq (high w) (low w) then low w else middle w.
Definition next_track (w : interval) (k s : float) (t : track) : track :=
  let m := grow (mag t) (4 * ((abs k + 1) * s)) (mag t * 0x1p-40) 0 0 in
  Track m (grow (err t) m 0 0 0)
    (if is_eq (high w) (low w) then off t else grow (off t) (mul_up (size (sub w (point k))) s) 0 0 0).

(** None where a component is undefined or has squares. *)
Fixpoint row_sums (ws : list interval) (v : list (option model)) (q : four) (t : track) (g : vec)
  : option (four * track * vec) :=
  match ws, v with
  | w :: ws, a :: v =>
    match a with
    | Some m =>
      match squares (body m) with
      | [] =>
        if is_zero w || is_zero (range m) then row_sums ws v q t g else
        let k := near_weight w in
        row_sums ws v (comb4 k (ends_by k (range m) (centre (body m))) 1 q)
          (next_track w k (model_size m) t) (comb k (slopes (body m)) 1 g)
      | _ => None
      end
    | None => None
    end
  | _, _ => Some (q, t, g)
  end.

Definition is_finite_track (q : four) (t : track) : bool :=
  finite (f0 q) && finite (f1 q) && (finite (f2 q) && finite (f3 q)) &&
  (finite (mag t) && finite (err t) && finite (off t)).
Definition slack (t : track) : float := add_up (mul_up 0x1p-49 (err t)) (off t).
Definition widened (l h s : float) : interval := Ends (add_down l (- s)) (add_up h s).
(** The polynomial and the range of a row. *)
Definition row_of (bias : interval) (q : four) (t : track) (g : vec) : poly * interval :=
  let n := norm g in
  if is_finite_track q t && finite n then
    let s := slack t in
    (Poly (sum bias (widened (f2 q) (f3 q) s)) g n [] 0, sum bias (widened (f0 q) (f1 q) s))
  else (constant unbounded, unbounded).

(** ** The same with what the rows of a matrix share: each component once, None for one that is 0 *)

Record operand := Operand { terms : four; wide : float; linear : vec }.
Definition operand_of (m : model) : option operand :=
  let r := range m in
  let c := centre (body m) in
  if is_zero r then None
  else Some (Operand (Four (low r) (high r) (low c) (high c)) (model_size m) (slopes (body m))).
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
Definition turned (k : float) (f : four) : four :=
  if is_lt k 0 then Four (f1 f) (f0 f) (f3 f) (f2 f) else f.
Fixpoint row_on (ws : list interval) (l : list (option operand)) (bias : interval) (q : four) (t : track)
  (g : vec) : poly * interval :=
  match ws, l with
  | w :: ws, a :: l =>
    match a with
    | Some o =>
      if is_zero w then row_on ws l bias q t g else
      let k := near_weight w in
      row_on ws l bias (comb4 k (turned k (terms o)) 1 q) (next_track w k (wide o) t)
        (comb k (linear o) 1 g)
    | None => row_on ws l bias q t g
    end
  | _, _ => row_of bias q t g
  end.

Lemma row_on_eq bias v : forall l ws q t g, operands v = Some l -> exists q' t' g',
  row_sums ws v q t g = Some (q', t', g') /\ row_on ws l bias q t g = row_of bias q' t' g'.
Proof.
  induction v as [|[m|] v IH]; intros l ws q t g E; simpl in E; try discriminate.
  - inversion E; subst. exists q, t, g. destruct ws; auto.
  - destruct (squares (body m)) eqn:Sq; [|discriminate]. destruct (operands v) as [l'|]; [|discriminate].
    inversion E; subst; clear E. destruct ws as [|w ws]; simpl; [exists q, t, g; auto|].
    rewrite Sq. unfold operand_of. destruct (is_zero (range m)); [rewrite orb_true_r; now apply IH|].
    rewrite orb_false_r. destruct (is_zero w); [now apply IH|]. simpl.
    replace (turned _ _) with (ends_by (near_weight w) (range m) (centre (body m)))
      by (unfold turned, ends_by; now destruct is_lt).
    now apply IH.
Qed.

(** * Soundness *)

Section Soundness.
Variable z : nat -> R.
Hypothesis Z : forall i, in_unit (z i).

Definition good (q : four) (t : track) (g : vec) : Prop :=
  all4 q /\ finite (mag t) = true /\ finite (err t) = true /\ finite (off t) = true /\ all_finite g.
Definition lost (t : track) : R := 16 * u * toR (err t) + toR (off t).
(** [x]: the exact partial sum. *)
Definition sums_to (q : four) (t : track) (g : vec) (x : R) : Prop := good q t g ->
  0 <= toR (mag t) /\ 0 <= toR (err t) /\ 0 <= toR (off t) /\
  (Rabs (toR (f0 q)) <= toR (mag t) /\ Rabs (toR (f1 q)) <= toR (mag t) /\
   Rabs (toR (f2 q)) <= toR (mag t) /\ Rabs (toR (f3 q)) <= toR (mag t) /\ total g <= toR (mag t)) /\
  toR (f0 q) - lost t <= x <= toR (f1 q) + lost t /\
  toR (f2 q) - lost t <= x - lin z 0 g <= toR (f3 q) + lost t.

Lemma sums_to_nothing : sums_to zeros (Track 0 0 0) End 0.
Proof.
  intros _. unfold lost. simpl. rewrite toR_0, Rabs_R0. repeat split; lra.
Qed.

(** One component: what the rounding of [k e + q] loses, and that it stays below the new size. *)
Lemma next_end k e q W M m : finite (k * e + 1 * q) = true -> Rabs (toR e) <= W -> Rabs (toR q) <= M ->
  tau <= W -> 0 <= M -> M + 2 * ((Rabs (toR k) + 1) * W) + 8 * (u * M) <= m ->
  Rabs (toR (k * e + 1 * q)) <= m /\
  Rabs (toR (k * e + 1 * q) - (toR k * toR e + toR q)) <= 4 * u * (Rabs (toR k) * Rabs (toR e) + M) + u * W.
Proof.
  intros F E Q T P G. pose proof (comb_error k e 1 q F) as C. rewrite toR_1, Rabs_R1 in C.
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

Lemma track_size k s mt W : finite (grow mt (4 * ((abs k + 1) * s)) (mt * 0x1p-40) 0 0) = true ->
  0 <= toR mt -> tau <= W <= toR s ->
  toR mt + 2 * ((Rabs (toR k) + 1) * W) + 8 * (u * toR mt) <=
  toR (grow mt (4 * ((abs k + 1) * s)) (mt * 0x1p-40) 0 0).
Proof.
  intros F M S. pose proof (grow_finite _ _ _ _ _ F) as (F1 & F2 & F3 & _).
  pose proof tau_pos. pose proof u_small as U. pose proof smallest_tau. pose proof smallest_pos.
  pose proof (finite_times _ _ F2) as [_ F4]. pose proof (finite_times _ _ F4) as [F5 _].
  set (a := Rabs (toR k)). assert (A : 0 <= a) by apply Rabs_pos.
  assert (Ea : 0 <= a <= toR (abs k)) by (rewrite toR_abs; fold a; lra).
  pose proof (sum_below (abs k) 1 a 1 F5 Ea ltac:(rewrite toR_1; lra)) as B1.
  assert (P1 : 0 <= (1 - u) * (a + 1)) by (apply Rmult_le_pos; lra).
  pose proof (prod_below _ _ _ W F4 (conj P1 B1) ltac:(lra)) as B2.
  set (p := (a + 1) * W) in *. assert (Pw : W <= p).
  { unfold p. rewrite <- (Rmult_1_l W) at 1. apply Rmult_le_compat_r; lra. }
  replace ((1 - u) * ((1 - u) * (a + 1) * W)) with ((1 - u) * ((1 - u) * p)) in B2 by (unfold p; ring).
  assert (u * tau <= / 1000000 * W) by (apply Rmult_le_compat; lra).
  assert (P2 : 3 / 4 * p <= (1 - u) * ((1 - u) * p) - smallest).
  { assert (9 / 10 * p <= (1 - u) * p) by (apply Rmult_le_compat_r; lra).
    assert (9 / 10 * (9 / 10 * p) <= (1 - u) * ((1 - u) * p)) by (apply Rmult_le_compat; lra). lra. }
  assert (E4 : toR 4 = 4) by (apply (toR_Z 4 4), (F.fromZ_correct 4); simpl; lia).
  pose proof (prod_below 4 _ 4 (3 / 4 * p) F2 ltac:(lra) ltac:(lra)) as B3.
  assert (P3 : 2 * p <= (1 - u) * (4 * (3 / 4 * p)) - smallest).
  { assert (9 / 10 * (4 * (3 / 4 * p)) <= (1 - u) * (4 * (3 / 4 * p))) by (apply Rmult_le_compat_r; lra). lra. }
  assert (E40 : toR 0x1p-40 = / 1099511627776).
  { rewrite (toR_power _ (-92)) by reflexivity. simpl. lra. }
  pose proof (prod_below mt 0x1p-40 (toR mt) (/ 1099511627776) F3 ltac:(lra) ltac:(rewrite E40; lra)) as B4.
  assert (P4 : 8 * (u * toR mt) - tau <= (1 - u) * (toR mt * / 1099511627776) - smallest).
  { assert (u * tau <= tau) by (rewrite <- (Rmult_1_l tau) at 2; apply Rmult_le_compat_r; lra).
    assert (u * toR mt <= / 16 * / 1099511627776 * toR mt) by (apply Rmult_le_compat_r; [lra|unfold unit_roundoff; lra]).
    assert (9 / 10 * (toR mt * / 1099511627776) <= (1 - u) * (toR mt * / 1099511627776))
      by (apply Rmult_le_compat_r; [apply Rmult_le_pos|]; lra). lra. }
  assert (P5 : 0 <= toR (mt * 0x1p-40)).
  { destruct (Req_dec (toR mt) 0) as [Z0|N0].
    - pose proof (times_error mt 0x1p-40 F3) as E. rewrite (times_round _ _ F3), Z0, Rmult_0_l.
      rewrite Generic_fmt.round_0; [lra|apply Generic_fmt.valid_rnd_N].
    - rewrite (times_round _ _ F3), E40.
      rewrite <- (Generic_fmt.round_0 Zaux.radix2 (FLT.FLT_exp (-1074) 53) Round_NE.ZnearestE).
      apply Generic_fmt.round_le; [apply FLT.FLT_exp_valid; reflexivity|apply Generic_fmt.valid_rnd_N|].
      apply Rmult_le_pos; lra. }
  set (x3 := Rmax 0 (8 * (u * toR mt) - tau)).
  pose proof (grow_ok mt _ _ 0 0 (toR mt) (2 * p) x3 0 0 F ltac:(lra)
    ltac:(split; lra) ltac:(unfold x3; split; [apply Rmax_l|apply Rmax_lub; lra])
    ltac:(rewrite toR_0; lra) ltac:(rewrite toR_0; lra)) as G.
  pose proof (Rmax_r 0 (8 * (u * toR mt) - tau)). fold x3 in H3. fold p. lra.
Qed.

Lemma end_abs x l h a b W : toR l <= x <= toR h -> Rabs (toR l) <= a -> Rabs (toR h) <= b -> a + b <= W -> Rabs x <= W.
Proof.
  intros X A B S. pose proof (Rabs_pos (toR l)). pose proof (Rabs_pos (toR h)). revert A B.
  unfold Rabs. repeat destruct Rcase_abs; lra.
Qed.

Lemma step_ok q t g x w k0 m v : sums_to q t g x -> contains w k0 -> models z m v -> squares (body m) = [] ->
  let k := near_weight w in
  sums_to (comb4 k (ends_by k (range m) (centre (body m))) 1 q) (next_track w k (model_size m) t)
    (comb k (slopes (body m)) 1 g) (x + k0 * v).
Proof.
  intros I Wc [Mr [Ms [c [Mc Ev]]]] Sq k (Fq & Fm & Fe & Fo & Fg).
  set (r := range m) in *. set (b := body m) in *.
  pose proof tau_pos. pose proof u_small as U. pose proof smallest_tau. pose proof smallest_pos.
  (* what is finite *)
  pose proof (comb_finite _ _ _ _ Fg) as [Fsl Fg0].
  destruct Fq as (Q0 & Q1 & Q2 & Q3). simpl in Q0, Q1, Q2, Q3.
  assert (Fp : forall a e q, finite (a * e + 1 * q) = true -> finite a = true /\ finite e = true /\ finite q = true).
  { intros a e q' F. apply finite_plus in F; destruct F as [F1 F2]. apply finite_times in F1, F2. tauto. }
  destruct (Fp _ _ _ Q0) as (Fk & E0 & A0). destruct (Fp _ _ _ Q1) as (_ & E1 & A1).
  destruct (Fp _ _ _ Q2) as (_ & E2 & A2). destruct (Fp _ _ _ Q3) as (_ & E3 & A3). clear Fp.
  simpl in Fm, Fe. pose proof (grow_finite _ _ _ _ _ Fe) as (Fe0 & _). pose proof (grow_finite _ _ _ _ _ Fm) as (Fm0 & Fm1 & _).
  apply finite_times in Fm1; destruct Fm1 as [_ Fm1]. apply finite_times in Fm1; destruct Fm1 as [_ Fs].
  assert (Fo0 : finite (off t) = true).
  { simpl in Fo. destruct (is_eq (high w) (low w)); auto. now apply grow_finite in Fo. }
  destruct I as (M0 & P0 & D0 & (B0 & B1 & B2 & B3 & Bg) & X & C); [unfold good, all4; tauto|].
  (* sizes of the model *)
  set (W := toR (model_size m)).
  assert (S : Rabs (toR (low r)) + Rabs (toR (high r)) + Rabs (toR (low (centre b))) +
    Rabs (toR (high (centre b))) + (total (slopes b) + tau) <= W).
  { pose proof (grow_finite _ _ _ _ _ Fs) as (_ & _ & _ & _ & G4).
    unfold W, model_size. fold r b. apply grow_ok; [exact Fs|..];
      try (rewrite toR_abs; pose proof Rabs_pos; split; [apply Rabs_pos|apply Rle_refl]).
    split; [apply total_pos|apply Ms]. }
  pose proof (total_pos (slopes b)) as Ts. pose proof (Rabs_pos (toR (low r))). pose proof (Rabs_pos (toR (high r))).
  pose proof (Rabs_pos (toR (low (centre b)))). pose proof (Rabs_pos (toR (high (centre b)))).
  assert (Wt : tau <= W) by lra.
  pose proof (track_size k (model_size m) (mag t) W Fm M0 (conj Wt (Rle_refl _))) as G.
  change (grow (mag t) _ _ 0 0) with (mag (next_track w k (model_size m) t)) in G.
  set (t' := next_track w k (model_size m) t) in *. set (a := Rabs (toR k)) in *.
  assert (Pa : 0 <= a) by apply Rabs_pos.
  assert (Paw : 0 <= a * W) by (apply Rmult_le_pos; lra).
  assert (Pum : 0 <= u * toR (mag t)) by (apply Rmult_le_pos; lra).
  replace ((a + 1) * W) with (a * W + W) in G by ring.
  assert (Ge : toR (err t) + toR (mag t') <= toR (err t')).
  { assert (K : toR (err t) + toR (mag t') + 0 + 0 + (0 + tau) <= toR (err t')); [|lra].
    change (err t') with (grow (err t) (mag t') 0 0 0). apply grow_ok; [exact Fe|..]; rewrite ?toR_0; try lra. }
  (* the ends *)
  assert (Ends4 : forall e q', finite (k * e + 1 * q') = true -> Rabs (toR e) <= W ->
    Rabs (toR q') <= toR (mag t) -> Rabs (toR (k * e + 1 * q')) <= toR (mag t') /\
    Rabs (toR (k * e + 1 * q') - (toR k * toR e + toR q')) <= 4 * u * (a * Rabs (toR e) + toR (mag t)) + u * W).
  { intros e q' F L L'. apply next_end; auto. fold a. lra. }
  set (e := ends_by k r (centre b)) in *.
  assert (Er : Rabs (toR (f0 e)) <= W /\ Rabs (toR (f1 e)) <= W /\
    Rabs (toR (f2 e)) + total (slopes b) <= W /\ Rabs (toR (f3 e)) + total (slopes b) <= W).
  { unfold e, ends_by. destruct (is_lt k 0); simpl; lra. }
  destruct Er as (W0 & W1 & W2 & W3).
  destruct (Ends4 _ _ Q0 W0 B0) as [N0 L0]. destruct (Ends4 _ _ Q1 W1 B1) as [N1 L1].
  destruct (Ends4 _ _ Q2 ltac:(lra) B2) as [N2 L2]. destruct (Ends4 _ _ Q3 ltac:(lra) B3) as [N3 L3]. clear Ends4.
  pose proof (comb_total k (slopes b) g Fg) as Tg. fold a in Tg.
  assert (a * total (slopes b) <= a * W) by (apply Rmult_le_compat_l; lra).
  assert (u * total g <= u * toR (mag t)) by (apply Rmult_le_compat_l; lra).
  assert (Tg' : total (comb k (slopes b) 1 g) <= toR (mag t')).
  { replace ((a + 1) * total (slopes b)) with (a * total (slopes b) + total (slopes b)) in Tg by ring. lra. }
  (* the weight *)
  set (d := k0 - toR k).
  assert (Dv : Rabs d * W + toR (off t) <= toR (off t')).
  { simpl in Fo. unfold t', next_track. cbn [off]. destruct (is_eq (high w) (low w)) eqn:Eq.
    - assert (Kl : k = low w) by (unfold k, near_weight; now rewrite Eq).
      rewrite Kl in Fk. destruct (is_eq_finite _ _ Fk Eq) as [Fh Eh]. destruct Wc as [Wl Wh].
      apply finite_lower in Wl; auto. apply finite_upper in Wh; auto.
      assert (Dz : d = 0) by (unfold d; rewrite Kl; lra). rewrite Dz, Rabs_R0. lra.
    - pose proof (grow_finite _ _ _ _ _ Fo) as (_ & Fu & _).
      pose proof (size_ok _ _ (sub_ok _ _ _ _ Wc (point_ok k Fk))) as Sd. fold d in Sd.
      assert (Um : upper (mul_up (size (sub w (point k))) (model_size m)) (Rabs d * W)).
      { apply mul_up_ok; auto; [|apply Rabs_pos|lra]. apply finite_upper; auto. apply Rle_refl. }
      apply finite_upper in Um; auto.
      assert (0 <= Rabs d * W) by (apply Rmult_le_pos; [apply Rabs_pos|lra]).
      assert (K : toR (off t) + Rabs d * W + 0 + 0 + (0 + tau) <=
        toR (grow (off t) (mul_up (size (sub w (point k))) (model_size m)) 0 0 0)); [|lra].
      apply grow_ok; [exact Fo|..]; rewrite ?toR_0; try lra. }
  assert (Fr : finite (low r) = true /\ finite (high r) = true /\ finite (low (centre b)) = true /\
    finite (high (centre b)) = true).
  { unfold e, ends_by in E0, E1, E2, E3. destruct (is_lt k 0); simpl in *; tauto. }
  destruct Fr as (Fr1 & Fr2 & Fr3 & Fr4). destruct Mr as [Vl Vh]. destruct Mc as [Cl Ch].
  apply finite_lower in Vl; auto. apply finite_upper in Vh; auto.
  apply finite_lower in Cl; auto. apply finite_upper in Ch; auto.
  assert (Vw : Rabs v <= W) by (apply (end_abs v (low r) (high r) _ _ W (conj Vl Vh) (Rle_refl _) (Rle_refl _)); lra).
  assert (Dw : Rabs (d * v) <= Rabs d * W).
  { rewrite Rabs_mult. apply Rmult_le_compat_l; [apply Rabs_pos|exact Vw]. }
  assert (By : (toR k * toR (f0 e) <= toR k * v <= toR k * toR (f1 e)) /\
    (toR k * toR (f2 e) <= toR k * c <= toR k * toR (f3 e))).
  { unfold e, ends_by. destruct (is_lt k 0) eqn:Lt; simpl.
    - assert (toR k < 0).
      { rewrite <- toR_0. apply (finite_gt 0 k (toR k)); auto. apply finite_upper; auto. apply Rle_refl. }
      split; split; apply Rmult_le_compat_neg_l; lra.
    - assert (0 <= toR k).
      { unfold is_lt in Lt. rewrite (cmp_real k 0 Fk) in Lt by reflexivity. rewrite toR_0 in Lt.
        destruct (Raux.Rcompare_spec (toR k) 0); try discriminate; lra. }
      split; split; apply Rmult_le_compat_l; lra. }
  (* what is lost *)
  assert (Um : u * (toR (mag t) + 2 * (a * W + W)) <= u * toR (mag t')) by (apply Rmult_le_compat_l; lra).
  assert (Ue : u * (toR (err t) + toR (mag t')) <= u * toR (err t')) by (apply Rmult_le_compat_l; lra).
  assert (Aw : forall y, 0 <= y <= W -> u * (a * y) <= u * (a * W)).
  { intros y Y. apply Rmult_le_compat_l; [lra|]. apply Rmult_le_compat_l; lra. }
  pose proof (Aw _ (conj (Rabs_pos (toR (f0 e))) W0)) as A0'. pose proof (Aw _ (conj (Rabs_pos (toR (f1 e))) W1)) as A1'.
  assert (0 <= u * (a * W)) by (apply Rmult_le_pos; lra). assert (0 <= u * W) by (apply Rmult_le_pos; lra).
  assert (Kv : k0 * v = toR k * v + d * v) by (unfold d; ring).
  pose proof (comb_ok z Z k (slopes b) 1 g 0 Fg) as Lc. unfold loss in Lc. rewrite toR_1, Rabs_R1 in Lc. fold a in Lc.
  set (l' := lin z 0 (comb k (slopes b) 1 g)) in *. set (l1 := lin z 0 (slopes b)) in *. set (l0 := lin z 0 g) in *.
  assert (Th : theta <= / 4).
  { pose proof theta_tau. pose proof theta_pos. unfold theta. change (/ 4) with (Raux.bpow Zaux.radix2 (-2)).
    apply Raux.bpow_le. lia. }
  pose proof theta_pos as Tp. set (ts := total (slopes b)) in *. set (tg := total g) in *.
  assert (0 <= tg) by apply total_pos.
  assert (Uts : u * (theta * ts) <= u * (/ 4 * W)).
  { apply Rmult_le_compat_l; [lra|]. apply Rmult_le_compat; lra. }
  assert (Utg : u * (theta * tg) <= u * (/ 4 * toR (mag t))).
  { apply Rmult_le_compat_l; [lra|]. apply Rmult_le_compat; lra. }
  assert (A2' : u * (a * (Rabs (toR (f2 e)) + ts)) <= u * (a * W)).
  { apply Aw. pose proof (Rabs_pos (toR (f2 e))). lra. }
  assert (A3' : u * (a * (Rabs (toR (f3 e)) + ts)) <= u * (a * W)).
  { apply Aw. pose proof (Rabs_pos (toR (f3 e))). lra. }
  assert (Vs : v = c + l1).
  { rewrite Ev, Sq. simpl. fold b. unfold l1. ring. }
  assert (Kc : k0 * v - toR k * l1 = toR k * c + d * v) by (unfold d; rewrite Vs; ring).
  unfold lost in *. change (f0 (comb4 k e 1 q)) with (k * f0 e + 1 * f0 q)%float.
  change (f1 (comb4 k e 1 q)) with (k * f1 e + 1 * f1 q)%float.
  change (f2 (comb4 k e 1 q)) with (k * f2 e + 1 * f2 q)%float.
  change (f3 (comb4 k e 1 q)) with (k * f3 e + 1 * f3 q)%float.
  pose proof (Rabs_pos (toR (k * f0 e + 1 * f0 q))). pose proof (Rabs_pos d).
  assert (0 <= Rabs d * W) by (apply Rmult_le_pos; lra).
  apply Raux.Rabs_le_inv in L0, L1, L2, L3, Lc, Dw.
  repeat split; auto; try lra.
Qed.

Lemma row_sums_ok ws : forall qs ms (v : vector) q t g x q' t' g' b,
  Forall2 (fun i k => contains i (Q2R k)) ws qs ->
  Forall2 (fun m a => match m with None => True | Some m => exists y, a = Some y /\ models z m y end) ms v ->
  sums_to q t g x -> row_sums ws ms q t g = Some (q', t', g') ->
  exists y, dot qs v b = Some (y + b) /\ sums_to q' t' g' (x + y).
Proof.
  induction ws as [|w ws IH]; intros qs ms v q t g x q' t' g' b Q M I E; inversion Q as [|? k ? qs' Wk Q']; subst.
  - simpl in E. inversion E; subst. exists 0. simpl. rewrite Rplus_0_l, Rplus_0_r. auto.
  - inversion M as [|m a ms' v' Ha M']; subst; simpl in E.
    + inversion E; subst. exists 0. simpl. rewrite Rplus_0_l, Rplus_0_r. auto.
    + destruct m as [m|]; [|discriminate]. destruct Ha as [y [-> Hm]].
      destruct (squares (body m)) eqn:Sq; [|discriminate]. simpl.
      destruct (is_zero w || is_zero (range m)) eqn:Zr.
      * destruct (IH _ _ _ _ _ _ _ _ _ _ b Q' M' I E) as [o [-> S]]. simpl. exists o. split; auto. f_equal.
        apply orb_prop in Zr; destruct Zr as [Zr|Zr].
        -- rewrite (is_zero_ok _ _ Zr Wk). ring.
        -- rewrite (is_zero_ok _ _ Zr (proj1 Hm)). ring.
      * destruct (IH _ _ _ _ _ _ _ _ _ _ b Q' M' (step_ok _ _ _ _ _ _ _ _ I Wk Hm Sq) E) as [o [-> S]].
        simpl. exists (Q2R k * y + o). split; [f_equal; ring|].
        replace (x + (Q2R k * y + o)) with (x + Q2R k * y + o) by ring. exact S.
Qed.

Lemma row_of_ok bias b q t g x : contains bias b -> sums_to q t g x ->
  contains (snd (row_of bias q t g)) (x + b) /\ describes z (fst (row_of bias q t g)) (x + b).
Proof.
  intros B I. unfold row_of. cbv zeta. destruct (is_finite_track q t && finite (norm g)) eqn:F;
    [|split; [apply unbounded_ok|apply constant_ok, unbounded_ok]].
  apply andb_prop in F; destruct F as [F Fn]. unfold is_finite_track in F. apply andb_prop in F; destruct F as [F F']. apply andb_prop in F, F'.
  destruct F as [Fa Fb], F' as [Fc Fo]. apply andb_prop in Fa, Fb, Fc.
  cbn [fst snd]. set (s := slack t).
  assert (Wide : forall l h y, finite l = true -> finite h = true -> 0 <= toR (err t) -> 0 <= toR (off t) ->
    toR l - lost t <= y <= toR h + lost t -> contains (widened l h s) y).
  { intros l h y Fl Fh Pe Po [Y1 Y2]. unfold widened.
    assert (S : upper s (lost t)).
    { unfold s, slack, lost. apply add_up_ok; [|now apply upper_self].
      assert (E : toR 0x1p-49 = 16 * u).
      { rewrite (toR_power _ (-101)) by reflexivity. unfold unit_roundoff. simpl. lra. }
      pose proof u_small. apply mul_up_ok; [rewrite <- E; now apply upper_self|apply upper_self; tauto|lra|lra]. }
    split; cbn [low high].
    - apply (lower_le _ (toR l + - lost t)); [|lra]. apply add_down_ok; [|now apply opp_lower].
      apply finite_lower; auto. apply Rle_refl.
    - apply (upper_le _ (toR h + lost t)); [|lra]. apply add_up_ok; auto. now apply upper_self. }
  pose proof (norm_finite _ Fn) as Fg. pose proof (norm_ok _ Fn) as Ng.
  destruct I as (_ & Pe & Po & _ & X & C); [unfold good, all4; tauto|].
  split.
  - rewrite Rplus_comm. apply sum_ok; auto. apply Wide; tauto.
  - split; [unfold sized; simpl; rewrite toR_0; repeat split; auto; try lra; constructor|].
    exists (b + (x - lin z 0 g)). split; [|simpl; ring]. apply sum_ok; auto. apply Wide; tauto.
Qed.
End Soundness.
