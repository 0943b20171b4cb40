(** The obligations [ray] of T-STAB-D, made from the programs of a claim, and that they imply what
    T-STAB-D asks in the cube around the equilibrium.

    Along the rays to the faces of the cube, [x = rest + r cube d] with [r] in [0, 1]: one program for
    all faces, whose variables are [r], the direction [d], parameters and disturbances.  In words:
    [proofs/theory/L-RAY.md]. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Arith.
From Certify Require Import Language Tree Theorems Claims Scalars Inline Merging Arranging Rays ExactValues Quotients Along FallProgram.
Import ListNotations.
Local Open Scope R_scope.

(** ** The program *)

(** The states along the ray, for pairs of the equilibrium and of the half side of the cube; the
    distance [r] is operation number 1. *)
Fixpoint ray_states (i : nat) (rs : list (Q * Q)) (s : list operation) : list operation * list entry :=
  match rs with
  | [] => (s, [])
  | (q, c) :: rs' =>
    let p := length s in
    let s1 := ORow [1%Q] [S (S p)] q :: OMul 1 (S p) :: ORow [c] [p] 0 :: OVar (S i) :: s in
    let (s2, l) := ray_states (S i) rs' s1 in
    (s2, Entry (S (S (S p))) (Some (Rational q)) (Some (S p)) None :: l)
  end.
(** Other variables, of which no more is known. *)
Fixpoint ray_others (i count : nat) (s : list operation) : list operation * list entry :=
  match count with
  | O => (s, [])
  | S count' =>
    let (s1, l) := ray_others (S i) count' (OVar i :: s) in
    (s1, Entry (length s) None None None :: l)
  end.

Definition starts_at (q : Q) (e : entry) : bool :=
  match exact e with Some p => Qeq_bool p q | None => false end.
Fixpoint all_start (rest : list Q) (es : list entry) : bool :=
  match rest, es with
  | [], [] => true
  | q :: rest', e :: es' => starts_at q e && all_start rest' es'
  | _, _ => false
  end.
(** The quotients of V and of its fall, of the same order. *)
Definition same_order (a b : entry) : option (nat * nat) :=
  match second a, second b with
  | Some i, Some j => Some (i, j)
  | _, _ => match first a, first b with Some i, Some j => Some (i, j) | _, _ => None end
  end.

(** [ends]: what the plant's results are at the equilibrium; in continuous time they are 0. *)
Definition ray_program (ends : list Q) (c : claim) (q : fall_program) : option (list operation * goal_of) :=
  let (s1, states) := ray_states O (combine (rest c) (cube c)) [OVar O; OConst 0] in
  let (s2, vary) := ray_others (S (length (bounds c))) (length (others c)) s1 in
  match along (states ++ vary) O (code q) s2 with
  | Some (s3, es) =>
    let v := entry_at es (v_at q) in let fall := entry_at es (fall_at q) in
    if starts_at 0 v && starts_at 0 fall && all_start ends (map (entry_at es) (next_state_at q)) then
      match same_order v fall with Some (i, j) => Some (s3, GAnd (GPositive i) (GPositive j)) | None => None end
    else None
  | None => None
  end.

(** The face of the cube where the direction [i] is [q]. *)
Definition face (n i : nat) (q : Q) : list (Q * Q) :=
  map (fun k => if Nat.eqb k i then (q, q) else (-1, 1)%Q) (seq 0 n).
Definition faces (n : nat) : list (list (Q * Q)) := flat_map (fun i => [face n i 1; face n i (-1)]) (seq 0 n).

Definition ray_obligations (ends : list Q) (c : claim) (q : fall_program) : option (list obligation) :=
  match ray_program ends c q with
  | None => None
  | Some (p, g) =>
    let made := map (fun b => ScalarObligation ((0, 1)%Q :: b ++ others c) p g) (faces (length (bounds c))) in
    if forallb proper_obligation made && forallb (fun q => negb (Qle_bool q 0)) (cube c)
    then Some (map obligation_of made) else None
  end.

(** ** Points on rays *)

Fixpoint point (rs : list (Q * Q)) (r : R) (d : list R) : list R :=
  match rs, d with
  | (q, c) :: rs', a :: d' => Q2R q + r * (Q2R c * a) :: point rs' r d'
  | _, _ => []
  end.

Lemma ray_states_ok z u r rs : forall i s s' l d, ray_states i rs s = (s', l) -> length d = length rs ->
  (1 < length s)%nat -> get (values z u s) 1 = Some r ->
  (forall k, (k < length rs)%nat -> nth_error z (S (i + k)) = nth_error d k) ->
  extends s s' /\ length l = length rs /\ forall k e, nth_error l k = Some e ->
    entry_ok z u s' r (nth_error (point rs r d) k) (nth_error (map (fun qc => Q2R (fst qc)) rs) k) e.
Proof.
  induction rs as [|[q c] rs IH]; intros i s s' l d E L L1 Hr Z; simpl in E.
  - inversion E; subst. split; [apply extends_refl|]. split; auto. intros [|k] e H; discriminate.
  - destruct d as [|a d]; [discriminate|]. simpl in L.
    set (p := length s) in *.
    set (s1 := ORow [1%Q] [S (S p)] q :: OMul 1 (S p) :: ORow [c] [p] 0 :: OVar (S i) :: s) in *.
    destruct (ray_states (S i) rs s1) as [s2 l2] eqn:E2. inversion E; subst; clear E.
    assert (X1 : extends s s1) by now exists [ORow [1%Q] [S (S p)] q; OMul 1 (S p); ORow [c] [p] 0; OVar (S i)].
    assert (V0 : get (values z u (OVar (S i) :: s)) p = Some a).
    { unfold p. rewrite get_put. simpl. specialize (Z O ltac:(simpl; lia)).
      rewrite Nat.add_0_r in Z. exact Z. }
    assert (V1 : get (values z u (ORow [c] [p] 0 :: OVar (S i) :: s)) (S p) = Some (Q2R c * a)).
    { change (S p) with (length (OVar (S i) :: s)). rewrite get_put. cbn [operate map dot].
      rewrite V0. simpl. f_equal. rewrite Q2R_zero. ring. }
    assert (V2 : get (values z u (OMul 1 (S p) :: ORow [c] [p] 0 :: OVar (S i) :: s)) (S (S p)) =
      Some (r * (Q2R c * a))).
    { change (S (S p)) with (length (ORow [c] [p] 0 :: OVar (S i) :: s)). rewrite get_put. cbn [operate].
      rewrite V1. rewrite (get_extends z u s) by (auto; now exists [ORow [c] [p] 0; OVar (S i)]).
      rewrite Hr. reflexivity. }
    assert (V3 : get (values z u s1) (S (S (S p))) = Some (Q2R q + r * (Q2R c * a))).
    { change (S (S (S p))) with (length (OMul 1 (S p) :: ORow [c] [p] 0 :: OVar (S i) :: s)).
      unfold s1. rewrite get_put. cbn [operate map dot]. rewrite V2. simpl. f_equal. rewrite Q2R_one. ring. }
    assert (V1' : get (values z u s1) (S p) = Some (Q2R c * a)).
    { rewrite (get_extends z u (ORow [c] [p] 0 :: OVar (S i) :: s) s1)
        by (first [now exists [ORow [1%Q] [S (S p)] q; OMul 1 (S p)]|simpl; lia]). exact V1. }
    destruct (IH (S i) s1 s' l2 d E2) as [X2 [L2 H2]]; try lia.
    { unfold s1. simpl. fold p. lia. }
    { rewrite (get_extends z u s s1); auto. }
    { intros k K. specialize (Z (S k) ltac:(simpl; lia)). simpl in Z.
      replace (S i + k)%nat with (i + S k)%nat by lia. exact Z. }
    split; [eapply extends_trans; eauto|]. split; [simpl; lia|].
    intros [|k] e H; simpl in H; [|exact (H2 k e H)]. inversion H; subst e.
    apply (entry_extends z u s1 s'); auto. constructor; cbn [here start first second].
    + unfold s1. simpl. fold p. lia.
    + rewrite V3. reflexivity.
    + intros q' v Q V. inversion Q; subst q'. simpl in *. now inversion V.
    + intros j J. inversion J; subst. unfold s1. simpl. fold p. lia.
    + discriminate.
    + intros q' j v w Q J V G. inversion Q; inversion J; subst q' j. rewrite V1' in G. inversion G.
      simpl in V. now inversion V.
    + discriminate.
Qed.
Lemma ray_others_ok z u r count : forall i s s' l, ray_others i count s = (s', l) ->
  extends s s' /\ length l = count /\ forall k e a0, nth_error l k = Some e ->
    entry_ok z u s' r (nth_error z (i + k)) a0 e.
Proof.
  induction count as [|count IH]; intros i s s' l E; simpl in E.
  - inversion E; subst. split; [apply extends_refl|]. split; auto. intros [|k] e a0 H; discriminate.
  - destruct (ray_others (S i) count (OVar i :: s)) as [s1 l1] eqn:E1. inversion E; subst; clear E.
    destruct (IH _ _ _ _ E1) as [X [L H]].
    split; [eapply extends_trans; [apply extends_put|exact X]|]. split; [simpl; lia|].
    intros [|k] e a0 K; simpl in K.
    + inversion K; subst e. apply (entry_extends z u (OVar i :: s) s'); auto.
      constructor; cbn [here start first second]; try discriminate.
      * simpl. lia.
      * rewrite get_put. simpl. now rewrite Nat.add_0_r.
    + replace (i + S k)%nat with (S i + k)%nat by lia. now apply H.
Qed.

(** ** Every point of the cube but the equilibrium is on a ray *)

Lemma on_ray rs : forall x, Forall2 (fun qc y => Rabs (y - Q2R (fst qc)) <= Q2R (snd qc)) rs x ->
  (forall qc, In qc rs -> 0 < Q2R (snd qc)) -> x <> map (fun qc => Q2R (fst qc)) rs ->
  exists r d, 0 < r <= 1 /\ length d = length rs /\ x = point rs r d /\
    (forall k a, nth_error d k = Some a -> -1 <= a <= 1) /\
    exists k a, nth_error d k = Some a /\ (a = 1 \/ a = -1).
Proof.
  intros x H P N.
  (* the largest of the distances *)
  assert (G : exists g, 0 <= g <= 1 /\
    (forall k qc y, nth_error rs k = Some qc -> nth_error x k = Some y -> Rabs (y - Q2R (fst qc)) <= g * Q2R (snd qc)) /\
    (0 < g -> exists k qc y, nth_error rs k = Some qc /\ nth_error x k = Some y /\
      Rabs (y - Q2R (fst qc)) = g * Q2R (snd qc))).
  { clear N. induction H as [|qc y rs x H1 H2 IH].
    - exists 0. split; [lra|]. split; [intros [|k] ? ? E; discriminate|lra].
    - destruct IH as [g [G1 [G2 G3]]]; [intros; apply P; now right|].
      pose proof (P qc (or_introl eq_refl)) as C.
      set (h := Rabs (y - Q2R (fst qc)) / Q2R (snd qc)).
      assert (Eh : Rabs (y - Q2R (fst qc)) = h * Q2R (snd qc)) by (unfold h; field; lra).
      assert (Hh : 0 <= h <= 1).
      { pose proof (Rabs_pos (y - Q2R (fst qc))). split.
        - unfold h. apply Rmult_le_pos; auto. apply Rlt_le. now apply Rinv_0_lt_compat.
        - apply (Rmult_le_reg_r (Q2R (snd qc))); auto. lra. }
      exists (Rmax g h). pose proof (Rmax_l g h). pose proof (Rmax_r g h).
      split; [split; [lra|now apply Rmax_lub]|]. split.
      + intros [|k] qc' y' E E'; simpl in E, E'.
        * inversion E; inversion E'; subst qc' y'. rewrite Eh. apply Rmult_le_compat_r; lra.
        * specialize (G2 k qc' y' E E').
          assert (0 < Q2R (snd qc')) by (apply P; right; eapply nth_error_In; eauto). nra.
      + intros Pg. destruct (Rle_dec g h) as [L|L].
        * exists O, qc, y. rewrite Rmax_right; auto.
        * rewrite Rmax_left in * by lra. destruct (G3 Pg) as [k [qc' [y' [E [E' K]]]]].
          exists (S k), qc', y'. auto. }
  destruct G as [g [G1 [G2 G3]]].
  assert (Pg : 0 < g).
  { destruct (Rle_lt_or_eq_dec 0 g (proj1 G1)) as [L|E]; auto. exfalso. apply N. subst g.
    clear -H G2. induction H as [|qc y rs x H1 H2 IH]; simpl; auto. f_equal.
    - specialize (G2 O qc y eq_refl eq_refl). rewrite Rmult_0_l in G2. revert G2. unfold Rabs.
      destruct Rcase_abs; lra.
    - apply IH. intros k. apply (G2 (S k)). }
  exists g, (map (fun qcy => (snd qcy - Q2R (fst (fst qcy))) / (g * Q2R (snd (fst qcy)))) (combine rs x)).
  assert (Lx : length rs = length x) by (clear -H; induction H; simpl; auto).
  split; [lra|]. split; [rewrite map_length, combine_length; lia|]. split; [|split].
  - clear -H Pg P. induction H as [|[q c] y rs x H1 H2 IH]; simpl; auto. f_equal.
    + assert (0 < Q2R c) by (apply (P (q, c)); now left). field. lra.
    + apply IH. intros. apply P. now right.
  - intros k a E. rewrite nth_error_map in E. destruct (nth_error (combine rs x) k) as [[qc y]|] eqn:Ec; [|discriminate].
    simpl in E. inversion E; subst a; clear E.
    assert (nth_error rs k = Some qc /\ nth_error x k = Some y) as [E1 E2].
    { clear -Ec. revert x k Ec. induction rs as [|p rs IH]; intros [|z x] [|k] Ec; simpl in *; try discriminate.
      - inversion Ec; subst; auto.
      - apply IH; auto. }
    assert (0 < Q2R (snd qc)) by (apply P; eapply nth_error_In; eauto).
    specialize (G2 k qc y E1 E2).
    assert (Pc : 0 < g * Q2R (snd qc)) by nra.
    assert (Rabs ((y - Q2R (fst qc)) / (g * Q2R (snd qc))) <= 1) as B.
    { unfold Rdiv. rewrite Rabs_mult, (Rabs_pos_eq (/ _)) by (apply Rlt_le, Rinv_0_lt_compat; auto).
      apply (Rmult_le_reg_r (g * Q2R (snd qc))); auto. rewrite Rmult_assoc, Rinv_l, Rmult_1_r, Rmult_1_l by lra.
      exact G2. }
    revert B. unfold Rabs. destruct Rcase_abs; lra.
  - destruct (G3 Pg) as [k [qc [y [E1 [E2 E]]]]].
    exists k, ((y - Q2R (fst qc)) / (g * Q2R (snd qc))). split.
    + rewrite nth_error_map. assert (nth_error (combine rs x) k = Some (qc, y)) as ->; auto.
      clear -E1 E2. revert x k E1 E2. induction rs as [|p rs IH]; intros [|z x] [|k] E1 E2; simpl in *; try discriminate.
      * inversion E1; inversion E2; subst; auto.
      * apply IH; auto.
    + assert (0 < Q2R (snd qc)) by (apply P; eapply nth_error_In; eauto). assert (Pc : 0 < g * Q2R (snd qc)) by nra.
      revert E. unfold Rabs. destruct Rcase_abs; intros E; [right|left].
      * replace (y - Q2R (fst qc)) with (- (g * Q2R (snd qc))) by lra. field. lra.
      * rewrite E. field. lra.
Qed.
