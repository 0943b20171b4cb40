(** Products of polynomials: exact up to degree 2, the rest is bounded. *)
From Coq Require Import Reals List Lra Lia Psatz Bool Floats.
From Interval Require Import Float.Basic Float.Sig Real.Xreal.
From Certify Require Import Intervals Arithmetic Bounds Rounding Vectors Combinations Forms Polynomials.
Import ListNotations.
Local Open Scope R_scope.

(** * Products of bounds *)

(** [u v] from bounds of [|u + k v|] and [|u - k v|], for any [k > 0]. *)
Definition from_squares (k plus minus : float) : interval :=
  div (Ends (- mul_up minus minus) (mul_up plus plus)) (mul (add two two) (point k)).

Lemma from_squares_ok k p m u v a b : finite k = true -> is_lt 0 k = true ->
  upper p a -> Rabs (u + toR k * v) <= a -> upper m b -> Rabs (u + - toR k * v) <= b ->
  contains (from_squares k p m) (u * v).
Proof.
  intros F K P A M B. set (z := toR k) in *.
  assert (Z : 0 < z).
  { unfold z. rewrite <- toR_0. eapply lt_finite; eauto. apply finite_lower; auto. apply Rle_refl. }
  replace (u * v) with (((u + z * v) * (u + z * v) - (u + - z * v) * (u + - z * v)) / ((2 + 2) * z))
    by (field; lra).
  apply div_ok; [|apply mul_ok; [apply add_ok; apply two_ok|now apply point_ok]|nra].
  pose proof (Rabs_pos (u + z * v)). pose proof (Rabs_pos (u + - z * v)).
  assert (E1 : (u + z * v) * (u + z * v) <= a * a).
  { rewrite <- (Rabs_pos_eq ((u + z * v) * (u + z * v))) by apply Rle_0_sqr.
    rewrite Rabs_mult. apply Rmult_le_compat; auto. }
  assert (E2 : (u + - z * v) * (u + - z * v) <= b * b).
  { rewrite <- (Rabs_pos_eq ((u + - z * v) * (u + - z * v))) by apply Rle_0_sqr.
    rewrite Rabs_mult. apply Rmult_le_compat; auto. }
  pose proof (Rle_0_sqr (u + z * v)) as S1. pose proof (Rle_0_sqr (u + - z * v)) as S2.
  unfold Rsqr in S1, S2.
  split; cbn [low high].
  - apply (lower_le _ (- (b * b))); [|lra]. apply opp_lower. apply mul_up_ok; auto; lra.
  - apply (upper_le _ (a * a)); [|lra]. apply mul_up_ok; auto; lra.
Qed.

(** The product of two forms with the bounds [a] and [b]; [both k] bounds the first plus [k] times
    the second.  Equal forms have a square, which is not negative, and similar ones nearly. *)
Definition form_product (a b : float) (both : float -> float) : interval :=
  let plain := balanced (mul_up a b) in
  let k := (a / b)%float in
  if finite k && is_lt 0 k then meet plain (from_squares k (both k) (both (- k)%float)) else plain.
Lemma form_product_ok a b both x y u v : upper a x -> Rabs u <= x -> upper b y -> Rabs v <= y ->
  (forall k, exists z, upper (both k) z /\ Rabs (u + toR k * v) <= z) ->
  contains (form_product a b both) (u * v).
Proof.
  intros A X B Y H. unfold form_product.
  pose proof (Rabs_pos u). pose proof (Rabs_pos v).
  assert (P : contains (balanced (mul_up a b)) (u * v)).
  { apply (balanced_ok _ _ (x * y)); [apply mul_up_ok; auto; lra|].
    rewrite Rabs_mult. apply Rmult_le_compat; auto. }
  destruct (_ && _) eqn:E; auto. apply andb_prop in E; destruct E as [E1 E2].
  destruct (H (a / b)%float) as [p [P1 P2]]. destruct (H (- (a / b))%float) as [m [M1 M2]].
  rewrite toR_opp in M2. apply meet_ok; auto. now apply (from_squares_ok _ _ _ u v p m).
Qed.

(** * Products *)

Definition both_slopes (p q : poly) (k : float) : float :=
  let n := norm (comb 1 (slopes p) k (slopes q)) in
  if finite n then add_up n (add_up (lossy 1 (steep p)) (lossy k (steep q))) else nan.

(** [cc], [ll]: the products of the centres and of the linear parts; the latter is not used in
    degree 2, where it stays. *)
Definition expanded (degree : nat) (p q : poly) (cc ll : interval) : poly :=
  let c1 := centre p in let c2 := centre q in
  let m1 := middle c1 in let m2 := middle c2 in
  let e1 := size (sub c1 (point m1)) in let e2 := size (sub c2 (point m2)) in
  let w1 := weight p in let w2 := weight q in
  let h := qcomb m2 (squares p) m1 (squares q) in
  let rest := add_up (add_up (mul_up e1 w2) (mul_up e2 w1))
                     (add_up (mul_up (bent p) w2) (mul_up (steep p) (bent q))) in
  let lost := add_up (lossy m2 w1) (lossy m1 w2) in
  if finite m1 && finite m2 then
    match degree with
    | 2 =>
      let o := outer (slopes p) (slopes q) in
      let more := add_up lost (mul_up 0x1p-50 (mul_up (steep p) (steep q))) in
      match h with
      | [] => made (sum cc (balanced (add_up rest more))) (comb m2 (slopes p) m1 (slopes q)) o
      | _ =>
        let n1 := norm_form o in
        let n2 := norm_form h in
        if finite n1 && finite n2 then
          made (sum cc (balanced (add_up rest (add_up more (add_up (lossy 1 n1) (lossy 1 n2))))))
            (comb m2 (slopes p) m1 (slopes q)) (qcomb 1 o 1 h)
        else constant unbounded
      end
    | _ => made (sum cc (sum ll (balanced (add_up rest lost)))) (comb m2 (slopes p) m1 (slopes q)) h
    end
  else constant unbounded.

Definition product (degree : nat) (p q : poly) : poly :=
  expanded degree p q (mul (centre p) (centre q))
    (match degree with
     | 2 => zero
     | _ => form_product (steep p) (steep q) (both_slopes p q)
     end).

Definition from_zero (u : float) : interval := Ends 0 (mul_up u u).
Definition square (degree : nat) (p : poly) : poly :=
  expanded degree p p (sqr (centre p)) (match degree with 2 => zero | _ => from_zero (steep p) end).

Section Rules.
Variable z : nat -> R.
Hypothesis Z : forall k, in_unit (z k).
Notation is p v := (describes z p v).

Lemma expanded_ok degree p q cc ll x y : sized p -> sized q ->
  contains (centre p) x -> contains (centre q) y -> contains cc (x * y) ->
  (degree = 2%nat \/ contains ll (lin z 0 (slopes p) * lin z 0 (slopes q))) ->
  is (expanded degree p q cc ll) ((x + lin z 0 (slopes p) + quad z 0 (squares p)) *
                                  (y + lin z 0 (slopes q) + quad z 0 (squares q))).
Proof.
  intros S T X Y CC LL. unfold expanded. cbv zeta.
  set (m1 := middle (centre p)). set (m2 := middle (centre q)).
  set (w1 := weight p). set (w2 := weight q).
  destruct (finite m1 && finite m2) eqn:E; [|apply constant_ok, unbounded_ok].
  apply andb_prop in E; destruct E as [F1 F2].
  pose proof (size_ok _ _ (sub_ok _ _ _ _ X (point_ok m1 F1))) as E1.
  pose proof (size_ok _ _ (sub_ok _ _ _ _ Y (point_ok m2 F2))) as E2.
  set (e1 := size _) in *. set (e2 := size (sub (centre q) _)) in *.
  pose proof (weight_ok p S) as W1. pose proof (weight_ok q T) as W2. fold w1 in W1. fold w2 in W2.
  pose proof (weight_pos p) as P1. pose proof (weight_pos q) as P2.
  pose proof (bent_ok p S) as B1. pose proof (bent_ok q T) as B2. pose proof (steep_ok p S) as S1.
  pose proof (steep_ok q T) as S2.
  pose proof (total_pos (slopes p)) as Tp. pose proof (total_pos (slopes q)) as Tq.
  pose proof (total_form_pos (squares p)) as Qp. pose proof (total_form_pos (squares q)) as Qq.
  pose proof (lin_bound z Z (slopes p) 0) as L1. pose proof (lin_bound z Z (slopes q) 0) as L2.
  pose proof (quad_bound z Z (squares p) 0) as H1. pose proof (quad_bound z Z (squares q) 0) as H2.
  pose proof (weight_bound z Z p) as V1. pose proof (weight_bound z Z q) as V2.
  set (l1 := lin z 0 (slopes p)) in *. set (l2 := lin z 0 (slopes q)) in *.
  set (q1 := quad z 0 (squares p)) in *. set (q2 := quad z 0 (squares q)) in *.
  set (rest := add_up (add_up (mul_up e1 w2) (mul_up e2 w1)) (add_up (mul_up (bent p) w2) (mul_up (steep p) (bent q)))). set (lost := add_up (lossy m2 w1) _).
  assert (Pr : forall a b c d, Rabs a <= c -> Rabs b <= d -> Rabs (a * b) <= c * d).
  { intros. rewrite Rabs_mult. apply Rmult_le_compat; auto; apply Rabs_pos. }
  set (wp := weight_of p) in *. set (wq := weight_of q) in *.
  set (rb := (Rabs (x - toR m1) * wq + Rabs (y - toR m2) * wp) +
             (total_form (squares p) * wq + total (slopes p) * total_form (squares q))).
  assert (Rest : upper rest rb).
  { unfold rest, rb. apply add_up_ok; apply add_up_ok; apply mul_up_ok; auto; apply Rabs_pos. }
  set (rv := ((x - toR m1) * (l2 + q2) + (y - toR m2) * (l1 + q1)) + (q1 * (l2 + q2) + l1 * q2)).
  assert (Rv : Rabs rv <= rb).
  { unfold rv, rb. repeat apply sum_bound; apply Pr; auto; apply Rle_refl. }
  assert (Lost : upper lost (loss m2 wp + loss m1 wq)) by (apply add_up_ok; apply lossy_ok; auto).
  pose proof (comb_ok z Z m2 (slopes p) m1 (slopes q) 0) as CO.
  pose proof (qcomb_ok z Z m2 (squares p) m1 (squares q) 0) as QO.
  set (g := comb m2 (slopes p) m1 (slopes q)) in *. set (h := qcomb m2 (squares p) m1 (squares q)) in *.
  fold l1 l2 in CO. fold q1 q2 in QO.
  set (dl := lin z 0 g - (toR m2 * l1 + toR m1 * l2)) in *.
  set (dq := quad z 0 h - (toR m2 * q1 + toR m1 * q2)) in *.
  assert (Dl : all_finite g -> finite_form h -> Rabs (dl + dq) <= loss m2 wp + loss m1 wq).
  { intros A B. pose proof (sum_bound _ _ _ _ (CO A) (QO B)). unfold wp, wq, weight_of in *.
    rewrite !loss_plus. lra. }
  destruct (Nat.eq_dec degree 2) as [->|N].
  - set (o := outer (slopes p) (slopes q)) in *.
    pose proof (outer_ok z Z (slopes p) (slopes q) 0) as OO. fold o l1 l2 in OO.
    set (do := quad z 0 o - l1 * l2) in *.
    assert (More : upper (add_up lost (mul_up 0x1p-50 (mul_up (steep p) (steep q))))
      ((loss m2 wp + loss m1 wq) + 8 * unit_roundoff * (total (slopes p) * total (slopes q)))).
    { apply add_up_ok; auto. assert (Eu : toR 0x1p-50 = 8 * unit_roundoff).
      { rewrite (toR_power _ (-102)) by reflexivity. unfold unit_roundoff. simpl. lra. }
      pose proof u_small.
      apply mul_up_ok; [rewrite <- Eu; now apply upper_self|now apply mul_up_ok|lra|now apply pos2]. }
    destruct h as [|r h'] eqn:Eh.
    + apply made_ok. intros A B. specialize (OO B).
      assert (dq = - (toR m2 * q1 + toR m1 * q2)) as Dq by (unfold dq; simpl; ring).
      exists (x * y + (rv + - (dl + dq + do))). split; [|unfold rv, dl, do; rewrite Dq; ring].
      apply sum_ok; auto.
      apply (balanced_ok _ _ (rb + ((loss m2 wp + loss m1 wq) + 8 * unit_roundoff * (total (slopes p) * total (slopes q)))));
        [now apply add_up_ok|].
      apply sum_bound; auto. rewrite Rabs_Ropp. apply sum_bound; auto. apply Dl; auto. constructor.
    + set (k := r :: h') in *.
      destruct (finite (norm_form o) && finite (norm_form k)) eqn:En; [|apply constant_ok, unbounded_ok].
      apply andb_prop in En; destruct En as [N1 N2].
      pose proof (norm_form_finite _ N1) as B1'. pose proof (norm_form_finite _ N2) as B2'.
      apply norm_form_ok in N1 as N1'. apply norm_form_ok in N2 as N2'.
      apply made_ok. intros A B. specialize (OO B1').
      pose proof (qcomb_ok z Z 1 o 1 k 0 B) as KO.
      set (dk := quad z 0 (qcomb 1 o 1 k) - (toR 1 * quad z 0 o + toR 1 * quad z 0 k)) in *.
      exists (x * y + (rv + - (dl + dq + do + dk))).
      split; [|unfold rv, dl, do, dk, dq; rewrite toR_1; ring].
      apply sum_ok; auto.
      apply (balanced_ok _ _ (rb + (((loss m2 wp + loss m1 wq) + 8 * unit_roundoff * (total (slopes p) * total (slopes q))) +
        (loss 1 (total_form o) + loss 1 (total_form k))))).
      * apply add_up_ok; auto. apply add_up_ok; auto.
        apply add_up_ok; apply lossy_ok; try apply total_form_pos; apply finite_upper; auto; lra.
      * apply sum_bound; auto. rewrite Rabs_Ropp. apply sum_bound; auto. apply sum_bound; auto.
  - assert (C : contains ll (l1 * l2)) by tauto.
    assert (G : is (made (sum cc (sum ll (balanced (add_up rest lost)))) g h)
      ((x + l1 + q1) * (y + l2 + q2))).
    { apply made_ok. intros A B. specialize (Dl A B).
      exists (x * y + (l1 * l2 + (rv + - (dl + dq)))). split; [|unfold rv, dl, dq; ring].
      apply sum_ok; auto. apply sum_ok; auto.
      apply (balanced_ok _ _ (rb + (loss m2 wp + loss m1 wq))); [now apply add_up_ok|].
      apply sum_bound; auto. now rewrite Rabs_Ropp. }
    destruct degree as [|[|[|]]]; auto. contradiction.
Qed.

Lemma both_slopes_ok p q k : sized p -> sized q -> exists b, upper (both_slopes p q k) b /\
  Rabs (lin z 0 (slopes p) + toR k * lin z 0 (slopes q)) <= b.
Proof.
  intros S T. unfold both_slopes. cbv zeta. set (g := comb 1 (slopes p) k (slopes q)).
  destruct (finite (norm g)) eqn:F; [|eexists; split; [apply unbounded_ok|apply Rle_refl]].
  pose proof (comb_ok z Z 1 (slopes p) k (slopes q) 0 (norm_finite _ F)) as C. fold g in C.
  exists (total g + (loss 1 (total (slopes p)) + loss k (total (slopes q)))). split.
  - apply add_up_ok; [apply finite_upper; auto; now apply norm_ok|].
    apply add_up_ok; apply lossy_ok; auto using steep_ok, total_pos.
  - rewrite toR_1, Rmult_1_l in C. pose proof (lin_bound z Z g 0) as L.
    set (l := lin z 0 (slopes p) + toR k * lin z 0 (slopes q)) in *.
    replace l with (lin z 0 g + - (lin z 0 g - l)) by ring. apply sum_bound; auto. now rewrite Rabs_Ropp.
Qed.
Lemma product_ok degree p q u v : is p u -> is q v -> is (product degree p q) (u * v).
Proof.
  intros [S [x [X ->]]] [T [y [Y ->]]]. apply expanded_ok; auto; [now apply mul_ok|].
  assert (P : contains (form_product (steep p) (steep q) (both_slopes p q))
    (lin z 0 (slopes p) * lin z 0 (slopes q))).
  { apply (form_product_ok _ _ _ (total (slopes p)) (total (slopes q)));
      auto using steep_ok, lin_bound. intros k. now apply both_slopes_ok. }
  destruct degree as [|[|[|]]]; auto.
Qed.

Lemma from_zero_ok t b u : upper t b -> Rabs u <= b -> contains (from_zero t) (u * u).
Proof.
  intros B U. pose proof (Rabs_pos u). split; cbn [low high from_zero].
  - apply finite_lower; auto. rewrite toR_0. apply Rle_0_sqr.
  - apply (upper_le _ (b * b)); [apply mul_up_ok; auto; lra|].
    rewrite <- (Rabs_pos_eq (u * u)) by apply Rle_0_sqr. rewrite Rabs_mult.
    apply Rmult_le_compat; auto.
Qed.
Lemma square_ok degree p u : is p u -> is (square degree p) (u * u).
Proof.
  intros [S [x [X ->]]]. apply expanded_ok; auto; [now apply sqr_ok|].
  pose proof (from_zero_ok _ _ _ (steep_ok p S) (lin_bound z Z (slopes p) 0)).
  destruct degree as [|[|[|]]]; auto.
Qed.
End Rules.
