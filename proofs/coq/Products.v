(** Products of polynomials: exact up to degree 2, the rest is bounded. *)
From Coq Require Import Reals List Lra Lia Psatz Bool Floats.
From Interval Require Import Float.Basic Float.Sig Real.Xreal.
From Certify Require Import Intervals Arithmetic Elementary Polynomials.
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
Definition form_product (a b : float) (both : interval -> float) : interval :=
  let plain := balanced (mul_up a b) in
  let k := (a / b)%float in
  if finite k && is_lt 0 k then meet plain (from_squares k (both (point k)) (both (neg (point k))))
  else plain.
Lemma form_product_ok a b both x y u v : upper a x -> Rabs u <= x -> upper b y -> Rabs v <= y ->
  (forall w k, contains w k -> exists z, upper (both w) z /\ Rabs (u + k * v) <= z) ->
  contains (form_product a b both) (u * v).
Proof.
  intros A X B Y H. unfold form_product.
  pose proof (Rabs_pos u). pose proof (Rabs_pos v).
  assert (P : contains (balanced (mul_up a b)) (u * v)).
  { apply (balanced_ok _ _ (x * y)); [apply mul_up_ok; auto; lra|].
    rewrite Rabs_mult. apply Rmult_le_compat; auto. }
  destruct (_ && _) eqn:E; auto. apply andb_prop in E; destruct E as [E1 E2].
  destruct (H _ _ (point_ok _ E1)) as [p [P1 P2]].
  destruct (H _ _ (neg_ok _ _ (point_ok _ E1))) as [m [M1 M2]].
  apply meet_ok; auto. now apply (from_squares_ok _ _ _ u v p m).
Qed.

(** * Products *)

(** [cc], [aa], [ll]: the products of the constant, symbolic and linear parts. *)
Definition expanded (degree : nat) (p q : poly) (cc aa ll : interval) : poly :=
  let l1 := total (slopes p) in let l2 := total (slopes q) in
  let a1 := total (map snd (symbols p)) in let a2 := total (map snd (symbols q)) in
  let h1 := total_squares (squares p) in let h2 := total_squares (squares q) in
  let rest := add_up (add_up (mul_up a1 (add_up l2 h2)) (mul_up (add_up l1 h1) a2))
                     (add_up (mul_up h1 (add_up l2 h2)) (mul_up l1 h2)) in
  let c1 := centre p in let c2 := centre q in
  let h := pairwise (pairwise sum) (map (map (scale c1)) (squares q))
                                   (map (map (scale c2)) (squares p)) in
  Poly (sum cc (sum (balanced rest) (match degree with 2 => aa | _ => sum aa ll end)))
    (pairwise sum (map (scale c1) (slopes q)) (map (scale c2) (slopes p)))
    (merge (on_symbols (scale c1) (symbols q)) (on_symbols (scale c2) (symbols p)))
    (match degree with 2 => pairwise (pairwise sum) (outer (slopes p) (slopes q)) h | _ => h end).

Definition both_symbols (p q : poly) (k : interval) : float :=
  total (map snd (merge (symbols p) (on_symbols (scale k) (symbols q)))).
Definition both_slopes (p q : poly) (k : interval) : float :=
  total (pairwise sum (slopes p) (map (scale k) (slopes q))).

Definition product (degree : nat) (p q : poly) : poly :=
  expanded degree p q (mul (centre p) (centre q))
    (form_product (total (map snd (symbols p))) (total (map snd (symbols q))) (both_symbols p q))
    (match degree with
     | 2 => zero
     | _ => form_product (total (slopes p)) (total (slopes q)) (both_slopes p q)
     end).

Definition from_zero (u : float) : interval := Ends 0 (mul_up u u).
Definition square (degree : nat) (p : poly) : poly :=
  expanded degree p p (sqr (centre p)) (from_zero (total (map snd (symbols p))))
    (match degree with 2 => zero | _ => from_zero (total (slopes p)) end).

Section Rules.
Variables (d : list R) (s : nat -> R) (n : nat).
Hypotheses (D : List.Forall in_unit d) (S : forall k, in_unit (s k)).
Notation is p v := (describes d s n p v).

Lemma expanded_ok degree p q cc aa ll c l a h c' l' a' h' :
  contains (centre p) c -> linear d (slopes p) l -> symbolic s n (symbols p) a ->
  quadratic d (squares p) h ->
  contains (centre q) c' -> linear d (slopes q) l' -> symbolic s n (symbols q) a' ->
  quadratic d (squares q) h' ->
  contains cc (c * c') -> contains aa (a * a') -> (degree = 2%nat \/ contains ll (l * l')) ->
  is (expanded degree p q cc aa ll) ((c + l + a + h) * (c' + l' + a' + h')).
Proof.
  intros C L A H C' L' A' H' CC AA LL.
  destruct (total_ok _ _ _ L D) as [bl [B1 B1']]. destruct (total_ok _ _ _ L' D) as [bl' [B2 B2']].
  destruct (symbolic_total _ _ _ _ A S) as [ba [B3 B3']].
  destruct (symbolic_total _ _ _ _ A' S) as [ba' [B4 B4']].
  destruct (total_squares_ok _ _ _ H D) as [bh [B5 B5']].
  destruct (total_squares_ok _ _ _ H' D) as [bh' [B6 B6']].
  pose proof (Rabs_pos l). pose proof (Rabs_pos l'). pose proof (Rabs_pos a).
  pose proof (Rabs_pos a'). pose proof (Rabs_pos h). pose proof (Rabs_pos h').
  assert (P : forall x y bx b, Rabs x <= bx -> Rabs y <= b -> Rabs (x * y) <= bx * b).
  { intros. rewrite Rabs_mult. apply Rmult_le_compat; auto; apply Rabs_pos. }
  assert (T : forall x y bx b, Rabs x <= bx -> Rabs y <= b -> Rabs (x + y) <= bx + b).
  { intros. eapply Rle_trans; [apply Rabs_triang|]. lra. }
  constructor. unfold expanded; cbn [centre slopes symbols squares].
  set (rest := a * (l' + h') + (l + h) * a' + (h * (l' + h') + l * h')).
  assert (RR : contains (balanced (add_up (add_up (mul_up (total (map snd (symbols p)))
      (add_up (total (slopes q)) (total_squares (squares q))))
      (mul_up (add_up (total (slopes p)) (total_squares (squares p))) (total (map snd (symbols q)))))
      (add_up (mul_up (total_squares (squares p)) (add_up (total (slopes q)) (total_squares (squares q))))
      (mul_up (total (slopes p)) (total_squares (squares q)))))) rest).
  { apply (balanced_ok _ _ (ba * (bl' + bh') + (bl + bh) * ba' + (bh * (bl' + bh') + bl * bh'))).
    - repeat apply add_up_ok; apply mul_up_ok; try apply add_up_ok; auto; lra.
    - unfold rest. repeat apply T; apply P; auto. }
  assert (Lin : linear d (pairwise sum (map (scale (centre p)) (slopes q))
      (map (scale (centre q)) (slopes p))) (c * l' + c' * l)).
  { apply linear_add; apply linear_map; auto; intros; now apply scale_ok. }
  assert (Sym : symbolic s n (merge (on_symbols (scale (centre p)) (symbols q))
      (on_symbols (scale (centre q)) (symbols p))) (c * a' + c' * a)).
  { apply merge_ok; apply symbolic_map; auto; intros; now apply scale_ok. }
  assert (Quad : quadratic d (pairwise (pairwise sum) (map (map (scale (centre p))) (squares q))
      (map (map (scale (centre q))) (squares p))) (c * h' + c' * h)).
  { apply quadratic_add; apply quadratic_map; auto; intros; now apply scale_ok. }
  assert (Deg : degree = 2%nat \/ (match degree with 2%nat => true | _ => false end = false /\
      contains ll (l * l'))).
  { destruct LL as [->|LL]; auto. destruct degree as [|[|[|]]]; auto. }
  destruct Deg as [->|[N LL']].
  - exists (c * c' + (rest + a * a')), (c * l' + c' * l), (c * a' + c' * a),
      (l * l' + (c * h' + c' * h)).
    split; [apply sum_ok; auto; now apply sum_ok|]. split; [auto|]. split; [auto|].
    split; [apply quadratic_add; auto; now apply outer_ok|]. unfold rest. ring.
  - exists (c * c' + (rest + (a * a' + l * l'))), (c * l' + c' * l), (c * a' + c' * a),
      (c * h' + c' * h).
    destruct degree as [|[|[|]]]; try discriminate N;
      (split; [apply sum_ok; auto; apply sum_ok; auto; now apply sum_ok|]);
      (split; [auto|]); (split; [auto|]); (split; [auto|]); unfold rest; ring.
Qed.

Lemma product_ok degree p q u v : is p u -> is q v -> is (product degree p q) (u * v).
Proof.
  intros [(c & l & a & h & C & L & A & H & ->)] [(c' & l' & a' & h' & C' & L' & A' & H' & ->)].
  apply expanded_ok; auto; [now apply mul_ok| |].
  - destruct (symbolic_total _ _ _ _ A S) as [b [B Bb]].
    destruct (symbolic_total _ _ _ _ A' S) as [b' [B' Bb']].
    apply (form_product_ok _ _ _ b b'); auto. intros w k W.
    apply (symbolic_total s n); auto. apply merge_ok; auto. apply symbolic_map; auto.
    intros; now apply scale_ok.
  - assert (P : contains (form_product (total (slopes p)) (total (slopes q)) (both_slopes p q)) (l * l')).
    { destruct (total_ok _ _ _ L D) as [b [B Bb]]. destruct (total_ok _ _ _ L' D) as [b' [B' Bb']].
      apply (form_product_ok _ _ _ b b'); auto. intros w k W.
      apply (total_ok d); auto. apply linear_add; auto. apply linear_map; auto.
      intros; now apply scale_ok. }
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
  intros [(c & l & a & h & C & L & A & H & ->)].
  apply expanded_ok; auto; [now apply sqr_ok| |].
  - destruct (symbolic_total _ _ _ _ A S) as [b [B Bb]]. now apply (from_zero_ok _ b).
  - destruct (total_ok _ _ _ L D) as [b [B Bb]]. pose proof (from_zero_ok _ _ _ B Bb).
    destruct degree as [|[|[|]]]; auto.
Qed.
End Rules.
