(** Derivatives along curves: a program for the slope of each operation of another program.

    At a kink the slope that is written is [step] times the slope of the argument, which has many
    values; one of them, for some choice, is the slope along a given curve.  So what holds for every
    choice holds for every curve.  In words: [proofs/theory/L-MODEL.md], section 5. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Arith Classical FunctionalExtensionality.
From Certify Require Import Language Analysis Compact Curves Scalars Inline Walks Rays ExactValues Quotients Along
  Moves Slopes Choices.
Import ListNotations.
Local Open Scope R_scope.

(** ** The rules *)

(** The slope of [g a], where [self] is [g a] and [d] is the slope of [a]. *)
Definition call_slope (g : fn) (self a d : nat) : part :=
  match g with
  | Relu => PMul (PStep (PAt a)) (PAt d)
  | Abs => PMul (PAdd (PMul (PConst 2) (PStep (PAt a))) (PConst (-1))) (PAt d)
  | Sin => PMul (PCall Cos (PAt a)) (PAt d)
  | Cos => PMul (PMul (PConst (-1)) (PCall Sin (PAt a))) (PAt d)
  | Tanh => PMul (PAdd (PConst 1) (PMul (PConst (-1)) (PCall (Pow 2) (PAt self)))) (PAt d)
  | Exp => PMul (PAt self) (PAt d)
  | Atan => PMul (PCall Recip (PAdd (PConst 1) (PCall (Pow 2) (PAt a)))) (PAt d)
  | Log => PMul (PCall Recip (PAt a)) (PAt d)
  | Sqrt => PMul (PCall Recip (PRow [2%Q] [self])) (PAt d)
  | Recip => PMul (PMul (PConst (-1)) (PCall (Pow 2) (PAt self))) (PAt d)
  | Pow O => PMul (PConst 0) (PAt d)
  | Pow 1 => PAt d
  | Pow 2 => PMul (PRow [2%Q] [a]) (PAt d)
  | Pow (S n) => PMul (PMul (PConst (inject_Z (Z.of_nat (S n)))) (PCall (Pow n) (PAt a))) (PAt d)
  end.

Section Rule.
Variable zero : nat.                                   (* where the constant 0 is *)

Definition slope_rule (self : nat) (es : list move) (o : operation) : option part :=
  match o with
  | OConst _ => Some (PAt zero)
  | OMul a b =>
    let A := move_at es a in let B := move_at es b in
    Some (product_change zero A B
           (if Nat.eqb a b then PMul (PAt (change A)) (PRow [2%Q] [before A])
            else PAdd (PMul (PAt (change A)) (PAt (before B))) (PMul (PAt (before A)) (PAt (change B)))))
  | OMax a b =>
    let A := move_at es a in let B := move_at es b in
    Some (if Nat.eqb (change A) zero && Nat.eqb (change B) zero then PAt zero
          else PAdd (PAt (change B)) (PMul (PStep (PRow [1; -1]%Q [before A; before B]))
                                           (PRow [1; -1]%Q [change A; change B])))
  | OCall g a =>
    let A := move_at es a in
    Some (if Nat.eqb (change A) zero then PAt zero else call_slope g self (before A) (change A))
  | OIncrement _ _ _ => None
  | _ => row_change zero es o
  end.
Definition slopes (vars : list move) := walk (move_operation slope_rule vars).
End Rule.

(** ** Slopes along a curve *)

(** What is known of an operation with the values [a h] along a curve. *)
Record slope_ok (zero : nat) (z : list R) (u : nat -> R) (s : list operation) (a : R -> scalar) (e : move) : Prop :=
  SlopeOk
  { value_below : (before e < length s)%nat;
    slope_below : (change e < length s)%nat;
    value_here : get (values z u s) (before e) = a 0;
    slope_here : forall v d, a 0 = Some v -> get (values z u s) (change e) = Some d -> rises a d;
    still : change e = zero -> forall h, a h = a 0 }.

Lemma slope_grown zero z s u s' u' a e : grown s u s' u' -> slope_ok zero z u s a e -> slope_ok zero z u' s' a e.
Proof.
  intros G [H1 H2 H3 H4 H5]. pose proof (extends_length _ _ (proj1 G)). constructor; try lia; auto.
  - now rewrite (get_grown z s u s' u').
  - intros v d V. rewrite (get_grown z s u s' u') by auto. eauto.
Qed.
Lemma as_row_eq x u m o row args bias : as_row o = Some (row, args, bias) ->
  operate x u m o = dot row (map (get m) args) (Q2R bias).
Proof.
  destruct o; intros H; inversion H; subst; simpl; auto.
  - destruct (get m a) as [y|]; simpl; auto. f_equal. rewrite Q2R_m1, Q2R_zero. ring.
  - destruct (get m a) as [y|], (get m b) as [z|]; simpl; auto. f_equal. rewrite Q2R_one, Q2R_zero. ring.
  - destruct (get m a) as [y|], (get m b) as [z|]; simpl; auto. f_equal. rewrite Q2R_one, Q2R_m1, Q2R_zero. ring.
Qed.

Section Curve.
Variables (z : list R) (u : nat -> R) (s : list operation).
Variables (zero : nat) (es : list move) (c : R -> list R) (src : R -> list scalar) (k : R).
Notation m := (values z u s).
Hypothesis zero_ok : get m zero = Some 0.
Hypothesis entries : forall j, (j < length es)%nat -> slope_ok zero z u s (fun h => get (src h) j) (move_at es j).

Lemma call_slope_ok g self a d v x f d0 :
  get m self = Some v -> get m a = Some x -> f 0 = Some x -> call g x = Some v ->
  (forall e, get m d = Some e -> rises f e) -> is_value m (call_slope g self a d) d0 ->
  exists e, taken m (call_slope g self a d) e /\ rises (fun h => lift1 (call g) (f h)) e.
Proof.
  intros Gs A F C D I.
  assert (Q2 : Q2R 2 = 2) by (unfold Q2R; simpl; lra).
  assert (P2 : forall y, call (Pow 2) y = Some (y * y)) by (intros y; unfold call; simpl; f_equal; ring).
  (* the slope of the argument is defined *)
  assert (De : exists e, get m d = Some e).
  { destruct g as [| | | | | | | | | |[|[|[|n]]]]; simpl in I;
      repeat match goal with H : _ /\ _ |- _ => destruct H | H : exists _, _ |- _ => destruct H end; eauto. }
  destruct De as [e E]. specialize (D e E).
  assert (Smooth : smooth g = true -> has_slope g x -> taken m (call_slope g self a d) (slope_of 0 g x * e) ->
    exists e', taken m (call_slope g self a d) e' /\ rises (fun h => lift1 (call g) (f h)) e').
  { intros Sm Hs T. exists (slope_of 0 g x * e). split; auto. now apply rises_smooth. }
  assert (Vv : has_value g x /\ v = value_of g x).
  { unfold call in C. destruct (has_value_dec g x); inversion C; auto. }
  destruct Vv as [Hv Ev].
  destruct g as [| | | | | | | | | |n].
  - (* relu *)
    destruct (rises_relu f e x D F) as [t [T R]]. exists (step t x * e). split.
    + exists (step t x), e. split; [exists x, t; simpl; auto|]. simpl. auto.
    + revert R. apply rises_ext. intros h. destruct (f h); auto.
  - (* abs *)
    destruct (rises_relu f e x D F) as [t [T R]]. exists ((2 * step t x + -1) * e). split.
    + exists (2 * step t x + -1), e. split; [|simpl; auto]. exists (2 * step t x), (-1). split; [|split; auto].
      * exists 2, (step t x). simpl. split; [now rewrite Q2|]. split; auto. exists x, t. auto.
      * simpl. now rewrite Q2R_m1.
    + assert (K : rises (fun h => lift2 (fun p q => Some (2 * p + -1 * q)) (lift1 (fun y => Some (Rmax y 0)) (f h)) (f h))
        ((2 * step t x + -1) * e)).
      { replace ((2 * step t x + -1) * e) with (2 * (step t x * e) + -1 * e) by ring.
        apply (rises_lift2 (fun p q => 2 * p + -1 * q) _ f (step t x * e) e (Rmax x 0) x); auto.
        - now rewrite F.
        - intros p q _ _ Hp Hq. apply (right_slope_plus _ _ _ _ (right_slope_times 2 _ _ Hp) (right_slope_times (-1) _ _ Hq)). }
      revert K. apply rises_ext. intros h. destruct (f h) as [y|]; auto. simpl. unfold call. simpl. f_equal.
      unfold Rmax, Rabs. destruct Rle_dec, Rcase_abs; lra.
  - apply Smooth; auto; simpl; auto. exists (cos x), e. split; auto. exists x. auto.
  - apply Smooth; auto; simpl; auto. exists (- sin x), e. split; auto. exists (-1), (sin x). split; [now rewrite Q2R_m1|].
    split; [exists x; auto|ring].
  - apply Smooth; auto; simpl; auto. exists (1 - tanh x * tanh x), e. split; auto.
    exists 1, (- (tanh x * tanh x)). split; [now rewrite Q2R_one|]. split; [|ring].
    exists (-1), (tanh x * tanh x). split; [now rewrite Q2R_m1|]. split; [|ring].
    exists v. split; auto. rewrite Ev, P2. reflexivity.
  - apply Smooth; auto; simpl; auto. exists (exp x), e. rewrite Gs, Ev. auto.
  - apply Smooth; auto; simpl; auto. exists (/ (1 + x * x)), e. split; auto. exists (1 + x * x). split.
    + exists 1, (x * x). split; [now rewrite Q2R_one|]. split; auto. exists x. split; auto.
    + unfold call. simpl. destruct (Req_EM_T (1 + x * x) 0); [nra|reflexivity].
  - apply Smooth; auto; simpl; auto. exists (/ x), e. split; auto. exists x. split; auto.
    simpl in Hv. unfold call. simpl. destruct (Req_EM_T x 0); [lra|reflexivity].
  - (* sqrt: the reciprocal of its value is defined *)
    simpl in I, Hv. destruct I as [a1 [a2 [[a3 [I1 I2]] _]]]. rewrite Gs in I1. simpl in I1. inversion I1; subst a3.
    rewrite Q2, Ev in I2. unfold call in I2. simpl in I2. destruct (Req_EM_T (2 * sqrt x + 0) 0) as [|N]; [discriminate|].
    assert (P : 0 < x).
    { destruct Hv as [P|<-]; auto. rewrite sqrt_0 in N. lra. }
    apply Smooth; auto; simpl; auto. exists (/ (2 * sqrt x)), e. split; auto. exists (2 * sqrt x). split.
    + rewrite Gs, Ev. simpl. f_equal. rewrite Q2. ring.
    + unfold call. simpl. destruct (Req_EM_T (2 * sqrt x) 0); [lra|reflexivity].
  - simpl in Hv. apply Smooth; auto; simpl; auto. exists (- (/ x * / x)), e. split; auto. exists (-1), (/ x * / x).
    split; [now rewrite Q2R_m1|]. split; [|ring]. exists v. split; auto. rewrite Ev, P2. reflexivity.
  - destruct n as [|[|[|n]]].
    + apply Smooth; auto; simpl; auto. exists 0, e. rewrite Q2R_zero. split; auto. split; auto. ring.
    + apply Smooth; auto; simpl; auto. rewrite E. f_equal. ring.
    + apply Smooth; auto; simpl; auto. exists (2 * x), e. split; auto; [|split; auto; ring].
      rewrite A. simpl. f_equal. rewrite Q2. ring.
    + apply Smooth; [reflexivity|exact Logic.I|]. cbn [call_slope taken slope_of].
      exists (INR (S (S (S n))) * x ^ S (S n)), e. split; auto. exists (INR (S (S (S n)))), (x ^ S (S n)).
      split; [|split; auto].
      * unfold Q2R, inject_Z. cbn [Qnum Qden]. rewrite Rinv_1, Rmult_1_r. now rewrite <- INR_IZR_INZ.
      * exists x. split; auto.
Qed.

Lemma slope_rule_ok self o t v d0 : settled o = true -> below (length es) (arguments o) = true ->
  (forall i, o <> OVar i) -> slope_rule zero self es o = Some t ->
  operate (c 0) k (src 0) o = Some v -> get m self = Some v -> is_value m t d0 ->
  exists d, taken m t d /\ rises (fun h => operate (c h) k (src h) o) d.
Proof.
  intros So B N Hr V Gs I.
  assert (Bi : forall j, In j (arguments o) -> (j < length es)%nat) by (intros; now apply (below_ok _ (arguments o))).
  assert (E : forall j, In j (arguments o) -> slope_ok zero z u s (fun h => get (src h) j) (move_at es j)) by auto.
  assert (Zero : forall j, In j (arguments o) -> change (move_at es j) = zero -> forall a, get (src 0) j = Some a ->
    rises (fun h => get (src h) j) 0).
  { intros j J Z a A. apply (rises_const _ a). intros h. rewrite (still _ _ _ _ _ _ (E j J) Z h). exact A. }
  assert (Row : forall row args bias, as_row o = Some (row, args, bias) ->
    Some (if forallb (Nat.eqb zero) (map (fun j => change (move_at es j)) args) then PAt zero
          else PRow row (map (fun j => change (move_at es j)) args)) = Some t ->
    exists d, taken m t d /\ rises (fun h => operate (c h) k (src h) o) d).
  { intros row args bias A Kt. destruct (as_row_ok _ _ _ o row args bias v A V) as [D1 Ea].
    inversion Kt; subst t; clear Kt. set (ds := map (fun j => change (move_at es j)) args) in *.
    assert (exists d, taken m (if forallb (Nat.eqb zero) ds then PAt zero else PRow row ds) d /\
      dot row (map (get m) ds) 0 = Some d) as [d [T D]].
    { destruct (forallb (Nat.eqb zero) ds) eqn:Z; [|exists d0; simpl in I |- *; auto]. exists 0. simpl. split; auto.
      now apply (row_of_zeros _ zero). }
    exists d. split; auto.
    apply (rises_ext (fun h => dot row (map (fun j => get (src h) j) args) (Q2R bias))).
    { intros h. symmetry. now apply as_row_eq. }
    unfold ds in D. rewrite map_map in D.
    apply (rises_dot row (fun j h => get (src h) j) m (fun j => change (move_at es j)) (Q2R bias) args v d); auto.
    intros j J v' d' Hv Hd. rewrite <- Ea in J. exact (slope_here _ _ _ _ _ _ (E j J) v' d' Hv Hd). }
  destruct o; try (eapply Row; [reflexivity|exact Hr]); try discriminate; simpl in V, E, Zero; clear Row.
  - inversion Hr; subst t. exists 0. split; [exact zero_ok|]. now apply (rises_const _ (Q2R q)).
  - (* products *)
    destruct (lift2_some _ _ _ _ V) as [x [y [X [Y _]]]]. inversion Hr; subst t; clear Hr.
    pose proof (E a (or_introl eq_refl)) as [_ _ Ha Sa _]. pose proof (E b (or_intror (or_introl eq_refl))) as [_ _ Hb Sb _].
    rewrite X in Ha. rewrite Y in Hb.
    assert (Prod : forall da db, rises (fun h => get (src h) a) da -> rises (fun h => get (src h) b) db ->
      rises (fun h => operate (c h) k (src h) (OMul a b)) (da * y + x * db)).
    { intros da db Ra Rb. simpl. apply (rises_lift2 Rmult _ _ da db x y); auto.
      intros f g F0 G0 Hf Hg. rewrite <- F0, <- G0. now apply right_slope_product. }
    unfold product_change in I |- *. destruct (Nat.eqb_spec (change (move_at es a)) zero) as [Za|_].
    + pose proof (Zero a (or_introl eq_refl) Za x X) as Ra.
      destruct (Nat.eqb_spec (change (move_at es b)) zero) as [Zb|_].
      * exists 0. split; [exact zero_ok|]. pose proof (Zero b (or_intror (or_introl eq_refl)) Zb y Y) as Rb.
        replace 0 with (0 * y + x * 0) by ring. auto.
      * destruct I as [p [q [P [Q _]]]]. simpl in P, Q. exists (x * q). split; [exists x, q; auto|].
        replace (x * q) with (0 * y + x * q) by ring. eauto.
    + destruct (Nat.eqb_spec (change (move_at es b)) zero) as [Zb|_].
      * pose proof (Zero b (or_intror (or_introl eq_refl)) Zb y Y) as Rb.
        destruct I as [p [q [P [Q _]]]]. simpl in P, Q. exists (p * y). split; [exists p, y; auto|].
        replace (p * y) with (p * y + x * 0) by ring. eauto.
      * destruct (Nat.eqb_spec a b) as [->|_].
        -- destruct I as [p [q [P [Q _]]]]. simpl in P, Q. rewrite X in Y. inversion Y; subst y.
           exists (p * (2 * x)). split; [exists p, (2 * x); split; auto; split; auto|].
           ++ simpl. rewrite Ha. simpl. f_equal. unfold Q2R; simpl. field.
           ++ replace (p * (2 * x)) with (p * x + x * p) by ring. eauto.
        -- destruct I as [p [q [[p1 [p2 [P1 [P2 _]]]] [[q1 [q2 [Q1 [Q2 _]]]] _]]]]. simpl in P1, P2, Q1, Q2.
           exists (p1 * y + x * q2). split; [|eauto].
           exists (p1 * y), (x * q2). split; [exists p1, y; auto|]. split; auto. exists x, q2. auto.
  - (* maxima *)
    destruct (lift2_some _ _ _ _ V) as [x [y [X [Y _]]]]. inversion Hr; subst t; clear Hr.
    pose proof (E a (or_introl eq_refl)) as [_ _ Ha Sa _]. pose proof (E b (or_intror (or_introl eq_refl))) as [_ _ Hb Sb _].
    rewrite X in Ha. rewrite Y in Hb.
    assert (Mx : forall da db, rises (fun h => get (src h) a) da -> rises (fun h => get (src h) b) db ->
      exists q, 0 <= q <= 1 /\ rises (fun h => operate (c h) k (src h) (OMax a b)) (db + step q (x - y) * (da - db))).
    { intros da db Ra Rb.
      assert (Rd : rises (fun h => lift2 (fun v w => Some (v - w)) (get (src h) a) (get (src h) b)) (da - db)).
      { apply (rises_lift2 Rminus _ _ da db x y); auto. intros f g _ _ Hf Hg. now apply right_slope_minus. }
      destruct (rises_relu _ _ (x - y) Rd) as [q [Hq Rq]]; [now rewrite X, Y|]. exists q. split; auto.
      assert (K : rises (fun h => lift2 (fun v w => Some (v + w)) (get (src h) b)
        (lift1 (fun x => Some (Rmax x 0)) (lift2 (fun v w => Some (v - w)) (get (src h) a) (get (src h) b))))
        (db + step q (x - y) * (da - db))).
      { apply (rises_lift2 Rplus _ _ db (step q (x - y) * (da - db)) y (Rmax (x - y) 0)); auto.
        - now rewrite X, Y.
        - intros f g _ _ Hf Hg. now apply right_slope_plus. }
      revert K. apply rises_ext. intros h. simpl. destruct (get (src h) a), (get (src h) b); simpl; auto. f_equal.
      unfold Rmax. repeat destruct Rle_dec; lra. }
    destruct (Nat.eqb (change (move_at es a)) zero && Nat.eqb (change (move_at es b)) zero) eqn:Z.
    + apply andb_prop in Z; destruct Z as [Za%Nat.eqb_eq Zb%Nat.eqb_eq].
      destruct (Mx 0 0) as [q [_ R]]; [now apply (Zero a (or_introl eq_refl) Za x)|
        now apply (Zero b (or_intror (or_introl eq_refl)) Zb y)|].
      exists 0. split; [exact zero_ok|]. replace 0 with (0 + step q (x - y) * (0 - 0)) by ring. exact R.
    + destruct I as [p [q [P [[q1 [q2 [_ [Q2 _]]]] _]]]]. simpl in P, Q2. rewrite P in Q2.
      destruct (get m (change (move_at es a))) as [da|] eqn:Da; [|discriminate].
      destruct (Mx da p (Sa x da X eq_refl) (Sb y p Y P)) as [r [Hr R]].
      exists (p + step r (x - y) * (da - p)). split; auto. exists p, (step r (x - y) * (da - p)). split; auto. split; auto.
      exists (step r (x - y)), (da - p). split; [exists (x - y), r; split; auto; split; auto|split; auto].
      * simpl. rewrite Ha, Hb. simpl. f_equal. rewrite Q2R_one, Q2R_m1. ring.
      * simpl. rewrite Da, P. simpl. f_equal. rewrite Q2R_one, Q2R_m1. ring.
  - (* functions *)
    destruct (lift1_some _ _ _ V) as [x [X Cx]]. inversion Hr; subst t; clear Hr.
    pose proof (E a (or_introl eq_refl)) as [_ _ Ha Sa _]. rewrite X in Ha.
    destruct (Nat.eqb_spec (change (move_at es a)) zero) as [Za|_].
    + exists 0. split; [exact zero_ok|]. apply (rises_const _ v). intros h. simpl.
      now rewrite (still _ _ _ _ _ _ (E a (or_introl eq_refl)) Za h).
    + apply (call_slope_ok g self (before (move_at es a)) (change (move_at es a)) v x (fun h => get (src h) a) d0); auto.
      intros e He. exact (Sa x e X He).
Qed.

(** Where the slope is the constant 0, nothing moves. *)
Lemma operate_same x y m1 m2 o : settled o = true -> (forall i, o <> OVar i) ->
  (forall j, In j (arguments o) -> get m1 j = get m2 j) -> operate x k m1 o = operate y k m2 o.
Proof.
  intros So N H. destruct o; simpl in *; try discriminate; rewrite ?H by tauto; auto.
  - now elim (N i).
  - f_equal. now apply map_ext_in.
Qed.
Lemma rule_still self o : (zero < self)%nat -> (forall i, o <> OVar i) -> slope_rule zero self es o = Some (PAt zero) ->
  forall j, In j (arguments o) -> change (move_at es j) = zero.
Proof.
  intros L N H.
  assert (Row : forall row args bias, as_row o = Some (row, args, bias) ->
    Some (if forallb (Nat.eqb zero) (map (fun j => change (move_at es j)) args) then PAt zero
          else PRow row (map (fun j => change (move_at es j)) args)) = Some (PAt zero) ->
    forall j, In j args -> change (move_at es j) = zero).
  { intros row args bias _ E j J. destruct (forallb _ _) eqn:Z; [|discriminate].
    rewrite forallb_forall in Z. symmetry. apply Nat.eqb_eq, Z. apply in_map_iff. eauto. }
  destruct o; try discriminate; try (intros j []; fail); try (eapply Row; [reflexivity|exact H]); clear Row;
    simpl in H |- *; unfold product_change in H.
  - destruct (Nat.eqb_spec (change (move_at es a)) zero); [|destruct (Nat.eqb (change (move_at es b)) zero), (Nat.eqb a b); discriminate].
    destruct (Nat.eqb_spec (change (move_at es b)) zero); [|discriminate]. intros j [<-|[<-|[]]]; auto.
  - destruct (_ && _) eqn:Z; [|discriminate]. apply andb_prop in Z; destruct Z as [Za%Nat.eqb_eq Zb%Nat.eqb_eq].
    intros j [<-|[<-|[]]]; auto.
  - destruct (Nat.eqb_spec (change (move_at es a)) zero) as [|N0]; [intros j [<-|[]]; auto|].
    destruct g as [| | | | | | | | | |[|[|[|n]]]]; simpl in H; try discriminate. inversion H. contradiction.
Qed.
End Curve.

(** ** The program *)

Lemma write_far t : forall s s' p, write t s = (s', p) -> t = PAt p \/ (length s <= p)%nat.
Proof.
  assert (More : forall t s s' p, write t s = (s', p) -> (length s <= length s')%nat).
  { clear t. intros t. induction t; intros s s' r E; simpl in E;
      try (destruct (write t1 s) as [s1 i] eqn:Ea; destruct (write t2 s1) as [s2 j] eqn:Eb; inversion E; subst;
        specialize (IHt1 _ _ _ Ea); specialize (IHt2 _ _ _ Eb); simpl; lia);
      try (destruct (write t s) as [s1 i] eqn:Ea; inversion E; subst; specialize (IHt _ _ _ Ea); simpl; lia);
      inversion E; subst; simpl; lia. }
  destruct t; intros s s' r E; simpl in E;
    try (destruct (write t1 s) as [s1 i] eqn:Ea; destruct (write t2 s1) as [s2 j] eqn:Eb; inversion E; subst; right;
      pose proof (More _ _ _ _ Ea); pose proof (More _ _ _ _ Eb); lia);
    try (destruct (write t s) as [s1 i] eqn:Ea; inversion E; subst; right; pose proof (More _ _ _ _ Ea); lia);
    inversion E; subst; auto.
Qed.

Section Sound.
Variables (z : list R) (zero : nat) (vars : list move) (c : R -> list R) (choices : nat -> R).

Theorem slopes_ok p s u s' es : slopes zero vars p s = Some (s', es) ->
  (zero < length s)%nat -> get (values z u s) zero = Some 0 ->
  (forall i e, nth_error vars i = Some e -> slope_ok zero z u s (fun h => nth_error (c h) i) e) ->
  exists u', grown s u s' u' /\ length es = length p /\ forall j, (j < length es)%nat ->
    slope_ok zero z u' s' (fun h => get (values (c h) choices p) j) (move_at es j).
Proof.
  intros E Z Z0 Hv.
  destruct (walk_ok (move_operation (slope_rule zero) vars) (Move 0 0)
    (fun p j h => get (values (c h) choices p) j) grown (fun s u a e => slope_ok zero z u s a e))
    with (s := s) (k := u) (p := p) (s' := s') (es := es) as [u' K]; eauto.
  - intros o q j J. apply functional_extensionality. intros h. now rewrite values_old.
  - apply grown_refl.
  - intros until 2. eapply grown_trans; eauto.
  - intros until 1. now apply slope_grown.
  - clear E p es s'. intros p o es1 s1 u1 s' e G1 L1 H1 E2.
    assert (Mean : (fun h => get (values (c h) choices (o :: p)) (length p)) =
      fun h => operate (c h) (choices (length p)) (values (c h) choices p) o)
      by (apply functional_extensionality; intros h; apply values_new).
    rewrite Mean. clear Mean. pose proof (extends_length _ _ (proj1 G1)) as Ls.
    change (forall j, (j < length es1)%nat ->
      slope_ok zero z u1 s1 (fun h => get (values (c h) choices p) j) (move_at es1 j)) in H1.
    destruct (move_operation_inv _ _ _ _ _ _ _ E2) as [[i [-> [Ei ->]]]|[Nv [So [B [t [q [T [-> [Wb W]]]]]]]]].
    { exists u1. split; [apply grown_refl|]. simpl. apply (slope_grown zero z s u s1 u1); auto. }
    set (s0 := renamed (fun j => before (move_at es1 j)) o :: s1) in *.
    assert (G0 : grown s1 u1 s0 u1) by apply grown_more.
    assert (V0 : get (values z u1 s0) (length s1) = operate (c 0) (choices (length p)) (values (c 0) choices p) o).
    { unfold s0. rewrite get_put. apply renamed_ok; auto. intros j J. rewrite (value_here _ _ _ _ _ _ (H1 j (below_ok _ _ _ B J))).
      reflexivity. }
    assert (Es : forall j, (j < length es1)%nat ->
      slope_ok zero z u1 s0 (fun h => get (values (c h) choices p) j) (move_at es1 j)).
    { intros j J. apply (slope_grown zero z s1 u1 s0 u1); auto. }
    assert (Zs : get (values z u1 s0) zero = Some 0).
    { rewrite (get_grown z s u s0 u1 zero) by (auto; eapply grown_trans; eauto). exact Z0. }
    destruct (write_ok z u1 t s0 s' q W Wb) as [X [Lq Vq]].
    assert (Still : q = zero -> forall h, operate (c h) (choices (length p)) (values (c h) choices p) o =
      operate (c 0) (choices (length p)) (values (c 0) choices p) o).
    { intros -> h. destruct (write_far t s0 s' zero W) as [->|F]; [|unfold s0 in F; simpl in F; lia].
      apply operate_same; auto. intros j J.
      apply (still _ _ _ _ _ _ (Es j (below_ok _ _ _ B J))). apply (rule_still zero es1 (length s1) o); auto. lia. }
    pose proof (extends_length _ _ X) as LX. unfold s0 in LX. simpl in LX.
    assert (Same : forall u2, grown s0 u1 s' u2 -> (forall v d, get (values z u2 s') (length s1) = Some v ->
        get (values z u2 s') q = Some d ->
        rises (fun h => operate (c h) (choices (length p)) (values (c h) choices p) o) d) ->
      grown s1 u1 s' u2 /\ slope_ok zero z u2 s' (fun h => operate (c h) (choices (length p)) (values (c h) choices p) o)
        (Move (length s1) q)).
    { intros u2 G2 H. split; [eapply grown_trans; eauto|].
      assert (Vs : get (values z u2 s') (length s1) = operate (c 0) (choices (length p)) (values (c 0) choices p) o).
      { rewrite (get_grown z s0 u1 s' u2) by (auto; unfold s0; simpl; lia). exact V0. }
      constructor; cbn [before change]; auto; try lia. intros v d V D. apply (H v d); auto. now rewrite Vs. }
    (* a slope that is taken, if there is any *)
    destruct (classic (exists v d0, operate (c 0) (choices (length p)) (values (c 0) choices p) o = Some v /\
      is_value (values z u1 s0) t d0)) as [[v [d0 [V I]]]|None].
    + destruct (slope_rule_ok z u1 s0 zero es1 c (fun h => values (c h) choices p) (choices (length p)) Zs Es
        (length s1) o t v d0 So B Nv T V) as [d [Td R]]; auto.
      { now rewrite V0. }
      destruct (write_taken z t s0 s' q u1 d W Wb Td) as [u2 [G2 Q2]]. exists u2. apply Same; auto.
      intros v' d' _ D. rewrite Q2 in D. inversion D; subst. exact R.
    + exists u1. apply Same.
      * split; auto. split; auto. intros j _. reflexivity.
      * intros v d V D. elim None. exists v, d. split; [|now apply Vq].
        rewrite (get_extends z u1 s0 s') in V by (auto; unfold s0; simpl; lia). rewrite <- V0. exact V.
Qed.
End Sound.
